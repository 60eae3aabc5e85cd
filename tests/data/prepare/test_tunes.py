"""`jaxgan prepare FOLDER TARGET --notes=N`: MIDI becomes tunes, or is refused by name."""

import numpy as np
import pytest

from jaxgan.data.prepare.command import command
from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.records import open_records
from jaxgan.media.events import events_of
from jaxgan.media.midi import Tune, midi_bytes, read_midi
from tests.data.image_kinds import stored_images
from tests.data.made_media import tunes


def write(path, count, pitch=60, channel=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    notes = np.array([[10 * i, 10, pitch, 64] for i in range(count)])
    data = midi_bytes(Tune(24, notes))
    path.write_bytes(data.replace(bytes([0x90, pitch]), bytes([0x90 + channel, pitch])))


def test_tunes_hold_the_notes_of_their_file(tmp_path, capsys):
    tunes(tmp_path / "in", 2)
    assert command([str(tmp_path / "in"), str(tmp_path / "out"), "--notes=32"]) == 0
    assert "Train with data.medium = 'events', data.size = (32,)." in capsys.readouterr().out
    records = open_records(tmp_path / "out")
    manifest = records.manifest()
    assert manifest["medium"] == "events" and manifest["files"] == [3] * 4
    assert manifest["classes"] == {"march": 6, "waltz": 6}
    assert manifest["format"]["shape"] == [32, 4] and manifest["format"]["dtype"] == "int16"
    whole = {}
    for path in (tmp_path / "in").rglob("*.mid"):
        for part in events_of(read_midi(path.read_bytes())).reshape(3, 32, 4):
            part[0, 0] = 0
            whole[part.tobytes()] = path
    found = stored_images(tmp_path / "out")
    files = [whole.pop(tune.tobytes()) for tune in found]
    assert not whole and [files[i] for i in (0, 3, 6, 9)] == [files[i] for i in (2, 5, 8, 11)]
    # No file is on both sides of a border, wherever one asks for it.
    for percent in (20, 30, 45, 60, 80):
        assert len(open_records(tmp_path / "out", f"train[:{percent}%]")) % 3 == 0


def test_what_has_no_notes_is_rejected_by_name(tmp_path):
    write(tmp_path / "in" / "good.mid", 20)
    write(tmp_path / "in" / "short.mid", 7)
    write(tmp_path / "in" / "empty.mid", 0)
    write(tmp_path / "in" / "drums.mid", 20, channel=9)
    (tmp_path / "in" / "bad.midi").write_bytes(b"MThd")
    (tmp_path / "in" / "a.wav").write_bytes(b"")
    manifest = prepare(tmp_path / "in", tmp_path / "out", notes=8)
    assert manifest["num_images"] == 2
    assert manifest["rejected"] == {
        "bad.midi[0]": "not a MIDI file",
        "drums.mid[0]": "no notes except percussion",
        "empty.mid[0]": "no notes except percussion",
        "short.mid[0]": "7 notes; a tune needs 8",
    }
    assert list(manifest["ignored"]) == ["a.wav"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "no images found: 1 left out .a tune; write --notes=32, a number of notes"),
        ({"notes": 1}, "notes is 1; write a number from 2 to 4096"),
        ({"notes": 8, "size": 8}, "beside notes: write one of the two"),
        ({"notes": 8, "voxels": 8}, "notes is 8 beside voxels"),
        ({"notes": 50}, "such as|no image|50"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(tmp_path, fields, words):
    write(tmp_path / "in" / "a.mid", 20)
    with pytest.raises(ValueError, match=words) as error:
        prepare(tmp_path / "in", tmp_path / "out", **fields)
    assert "\n" not in str(error.value)
