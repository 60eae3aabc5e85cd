"""`jaxgan prepare FOLDER TARGET --window=N`: sounds become windows, or are refused by name."""

import importlib.util
import itertools

import numpy as np
import pytest

from jaxgan.data.prepare.command import command
from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.reader import Reader
from jaxgan.data.records import open_records
from jaxgan.media.sounds import wav_bytes
from jaxgan.media.waves import medium
from tests.data.image_kinds import stored_images
from tests.media.test_waves import config_of


def write(path, samples, rate=8000):
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.asarray(samples, np.int16)
    path.write_bytes(wav_bytes(samples.reshape(len(samples), -1), rate))
    return samples


def noise(n, seed=0, channels=1):
    return np.random.default_rng(seed).integers(-20000, 20000, (n, channels)).astype(np.int16)


def test_windows_hold_the_samples_of_their_file_bit_for_bit(tmp_path):
    """Windows at 0, hop, 2 hop, ... that lie inside; a short file has silence behind it."""
    long = write(tmp_path / "in" / "yes" / "long.wav", noise(100))
    short = write(tmp_path / "in" / "no" / "short.wav", noise(30, 1))
    exact = write(tmp_path / "in" / "yes" / "exact.wav", noise(40, 2))
    manifest = prepare(tmp_path / "in", tmp_path / "out", window=40, hop=25, order="source")
    assert manifest["classes"] == {"no": 1, "yes": 4} and manifest["files"] == [1, 1, 3]
    assert (manifest["medium"], manifest["rate"]) == ("waves", 8000)
    assert manifest["format"]["shape"] == [40, 1] and manifest["format"]["dtype"] == "int16"
    padded = np.concatenate([short, np.zeros((10, 1), np.int16)])
    expected = [padded, exact, long[:40], long[25:65], long[50:90]]
    found = stored_images(tmp_path / "out")
    assert found.dtype == np.int16
    np.testing.assert_array_equal(found, expected)
    records = open_records(tmp_path / "out")
    with Reader(records, medium(config_of(**{"data.size": (40,)}).data)) as reader:
        batch = reader.read(np.array([4, 0]))
    np.testing.assert_array_equal(batch.sample, [expected[4], expected[0]])
    np.testing.assert_array_equal(batch.condition, [1, 0])


def test_channels_are_averaged_and_rates_changed(tmp_path):
    both = write(tmp_path / "in" / "a.wav", noise(50, channels=2))
    prepare(tmp_path / "in", tmp_path / "out", window=50)
    mean = both.astype(np.float64).mean(1, keepdims=True)
    assert np.abs(stored_images(tmp_path / "out")[0] - mean).max() <= 0.5
    t = np.arange(16000) / 16000
    write(tmp_path / "fast" / "a.wav", 20000 * np.sin(2 * np.pi * 500 * t), 16000)
    manifest = prepare(tmp_path / "fast", tmp_path / "slow", window=8000, rate=8000)
    assert manifest["rate"] == 8000 and manifest["num_images"] == 1
    expected = 20000 * np.sin(2 * np.pi * 500 * np.arange(8000) / 8000)
    found = stored_images(tmp_path / "slow")[0, :, 0]
    assert np.abs(found - expected)[100:-100].max() < 40


def test_normalise_is_really_used(tmp_path):
    """A quiet file keeps its peak without the flag, and has full scale with it."""
    quiet = np.zeros(40, np.int16)
    quiet[7], quiet[30] = 700, -1000
    write(tmp_path / "in" / "a.wav", quiet)
    prepare(tmp_path / "in", tmp_path / "none", window=20)
    prepare(tmp_path / "in", tmp_path / "peak", window=20, normalise="peak")
    assert sorted(np.abs(stored_images(tmp_path / "none")).max((1, 2))) == [700, 1000]
    # One file has one peak: its windows keep their loudness to each other.
    peaks = sorted(np.abs(stored_images(tmp_path / "peak").astype(int)).max((1, 2)))
    assert peaks == [round(0.7 * 32768), 32768]


def test_silence_and_damage_are_rejected_by_name(tmp_path, capsys):
    loud = noise(40)
    write(tmp_path / "in" / "a" / "half.wav", np.concatenate([loud[:, 0], np.full(40, 30)]))
    write(tmp_path / "in" / "b" / "whole.wav", loud)
    (tmp_path / "in" / "a" / "bad.wav").write_bytes(b"RIFFnothing")
    (tmp_path / "in" / "a" / "notes.txt").write_text("no sound")
    assert command([str(tmp_path / "in"), str(tmp_path / "out"), "--window=40"]) == 0
    said = capsys.readouterr().out
    assert "2 waves of 40x1 int16 (zlib), 2 classes of 1 to 1" in said
    assert "data.medium = 'waves', data.size = (40,), 8,000 samples per second" in said
    assert "2 waves of 2 files rejected (all in manifest.json)" in said
    assert "'a/half.wav[1]': silent" in said and "'a/bad.wav[0]': not a WAV file" in said
    assert "'a/notes.txt': not named as one of waves" in said
    write(tmp_path / "dead" / "a.wav", np.zeros(40))
    with pytest.raises(ValueError, match=r"none of 1 waves can be read; 'a.wav\[0\]': silent"):
        prepare(tmp_path / "dead", tmp_path / "none", window=40)


@pytest.mark.parametrize("shards", [1, 3])
def test_no_slice_cuts_a_file(tmp_path, shards):
    """The windows of a file are all in train[:p%] or all in train[p%:], for every p."""
    counts = np.random.default_rng(0).integers(3, 12, 9)
    for number, count in enumerate(counts):
        write(tmp_path / "in" / f"{number}.wav", np.full(count * 10, 100 * number + 100))
    prepare(tmp_path / "in", tmp_path / "out", window=10, shards=shards)
    values = lambda split: stored(open_records(tmp_path / "out", split))
    whole = values("train")
    runs = [value for value, _ in itertools.groupby(whole)]
    assert len(runs) == 9 and runs != sorted(runs)  # files together, in an order by lot
    assert [list(whole).count(v) for v in runs] == open_records(tmp_path / "out").manifest()[
        "files"
    ]
    for percent in range(10, 95, 7):
        first, second = values(f"train[:{percent}%]"), values(f"train[{percent}%:]")
        assert not set(first) & set(second)
        np.testing.assert_array_equal(np.concatenate([first, second]), whole)
        middle = values(f"train[{percent // 2}%:{percent}%]") if percent > 40 else first[:0]
        assert all(list(middle).count(v) == list(whole).count(v) for v in set(middle))
    records = open_records(tmp_path / "out", "train[:50%]")
    assert records.overlap(open_records(tmp_path / "out", "train[50%:]")) == 0
    with pytest.raises(ValueError, match=r"less than half a file: .* 9 files, which stay whole"):
        open_records(tmp_path / "out", "train[:1]")


def stored(records):
    with Reader(records, medium(config_of(**{"data.size": (10,)}).data)) as reader:
        return reader.read(np.arange(len(records))).sample[:, 0, 0]


def test_the_bytes_do_not_depend_on_the_workers(tmp_path):
    for number in range(4):
        write(tmp_path / "in" / "ab"[number % 2] / f"{number}.wav", noise(95, number))
    one, four = (
        prepare(tmp_path / "in", tmp_path / f"out{n}", window=10, workers=n) for n in (1, 4)
    )
    assert one["content_hash"] == four["content_hash"] and one["files"] == four["files"]
    again = prepare(tmp_path / "in", tmp_path / "out1", window=10)
    assert again["content_hash"] == one["content_hash"]
    with pytest.raises(ValueError, match=r"other settings .window = 10, now 20"):
        prepare(tmp_path / "in", tmp_path / "out1", window=20)


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"hop": 5}, "hop is 5 without window: write window too"),
        ({"normalise": "peak"}, "normalise is 'peak' without window"),
        ({"window": 10, "size": 8}, r"size is \(8, 8\) beside window: write one of the two"),
        ({"window": 10, "voxels": 8}, "voxels is 8 beside window"),
        ({"window": 10, "normalise": "loud"}, "normalise is 'loud'; write one of none, peak"),
        ({"window": 0}, "window is 0; write a number from 1"),
        (
            {"window": 10},
            r"sounds have 2 sampling rates, such as 8000 \(2\), 16000 \(1\); .* --rate",
        ),
        ({}, "no images found: 3 left out .a sound; write --window=16384.* such as 'a.wav'"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(tmp_path, fields, line):
    for name, rate in (("a", 8000), ("b", 8000), ("c", 16000)):
        write(tmp_path / "in" / f"{name}.wav", noise(20), rate)
    with pytest.raises(ValueError, match=line) as error:
        prepare(tmp_path / "in", tmp_path / "out", **fields)
    assert "\n" not in str(error.value)


def test_labels_and_what_is_not_there(tmp_path):
    for name in ("a", "b", "c"):
        write(tmp_path / "in" / f"{name}.wav", noise(20))
    (tmp_path / "labels.csv").write_text("a.wav,one\nc.wav,two\n")
    manifest = prepare(tmp_path / "in", tmp_path / "out", window=10, labels=tmp_path / "labels.csv")
    assert manifest["classes"] == {"one": 2, "two": 2}
    assert manifest["ignored"] == {"b.wav": "not in the labels file"}
    with pytest.raises(FileNotFoundError, match=r"none\.csv: no such labels file"):
        prepare(tmp_path / "in", tmp_path / "x", window=10, labels=tmp_path / "none.csv")
    with pytest.raises(FileNotFoundError, match="nowhere: no such file or folder"):
        prepare(tmp_path / "nowhere", tmp_path / "x", voxels=8)


def test_flac_without_soundfile_names_the_package(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.flac").write_bytes(b"fLaC")
    find = importlib.util.find_spec
    missing = lambda name, *rest: None if name == "soundfile" else find(name, *rest)
    monkeypatch.setattr(importlib.util, "find_spec", missing)
    with pytest.raises(
        ValueError, match=r"1 files are FLAC or OGG, such as 'a.flac'.* pip install"
    ):
        prepare(tmp_path / "in", tmp_path / "out", window=10)


def test_flac_is_read_where_soundfile_is(tmp_path):
    soundfile = pytest.importorskip("soundfile")
    samples = noise(60)
    (tmp_path / "in").mkdir()
    soundfile.write(tmp_path / "in" / "a.flac", samples, 8000, subtype="PCM_16")
    prepare(tmp_path / "in", tmp_path / "out", window=60)
    np.testing.assert_array_equal(stored_images(tmp_path / "out")[0], samples)
