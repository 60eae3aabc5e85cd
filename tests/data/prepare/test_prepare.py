"""The job: same bytes always, resumes, streams, refuses what it should."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from jaxgan.data.prepare import passes
from jaxgan.data.prepare.command import command
from jaxgan.data.prepare.job import locked
from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.records import open_records
from jaxgan.files import atomic
from jaxgan.media.resize import fit
from tests.data.image_kinds import BAD, GOOD, encoded, random_images, stored_images


def contents(directory):
    """Return {name: bytes} of a finished data set."""
    return {file.name: file.read_bytes() for file in directory.iterdir()}


def test_folder(class_folder, tmp_path):
    folder, images = class_folder
    manifest = prepare(folder, tmp_path / "out", shards=3, order="source")
    records = open_records(tmp_path / "out")
    assert (records.shape, records.class_names) == ((5, 7, 1), ("a", "b", "c"))
    np.testing.assert_array_equal(stored_images(tmp_path / "out"), images)
    np.testing.assert_array_equal(records.labels(), np.repeat([0, 1, 2], 4))
    assert manifest == records.manifest()
    assert manifest["classes"] == {"a": 4, "b": 4, "c": 4} and manifest["rejected"] == {}
    assert not list((tmp_path / "out").glob(".*"))


def test_size_crop_and_channels(class_folder, tmp_path):
    folder, images = class_folder
    prepare(
        folder,
        tmp_path / "out",
        size=(2, 6),
        channels=3,
        crop="none",
        resize="lanczos",
        order="source",
    )
    color = np.repeat(images, 3, axis=-1)
    expected = np.stack([fit(image, (2, 6), "none", "lanczos") for image in color])
    np.testing.assert_array_equal(stored_images(tmp_path / "out"), expected)


def test_same_bytes_whatever_the_workers(messy_folder, tmp_path):
    made = []
    for workers in (1, 3):
        target = tmp_path / str(workers) / "out"  # the name goes into the files' names
        prepare(messy_folder, target, size=8, shards=3, workers=workers)
        made.append(contents(target))
    assert made[0] == made[1]


def test_messy_folder(messy_folder, tmp_path, capsys):
    flags = ["--size=8", "--workers=2", "--order=source"]
    code = command([str(messy_folder), str(tmp_path / "out"), *flags])
    out = capsys.readouterr()
    assert code == 0
    assert "transparent pixels" in out.err and "--channels=4" in out.err
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["num_images"] == len(GOOD) and manifest["format"]["shape"] == [8, 8, 3]
    rejected = {name.split("/")[1].split(".")[0] for name in manifest["rejected"]}
    assert rejected == set(BAD) and "7 files rejected" in out.out
    assert manifest["ignored"] == {
        "one/._alpha.png": "a hidden file",
        "readme.txt": "not named as an image",
    }
    images = stored_images(tmp_path / "out").astype(int)
    red = [images[i, 4, 1] for i in range(len(images))]
    assert sum(np.abs(pixel - (255, 0, 0)).max() < 12 for pixel in red) == len(GOOD) - 3  # 3 gray


def test_arrays_of_many_channels(tmp_path):
    images = random_images((9, 6, 8, 5), np.uint16)
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(9) % 2)
    prepare(tmp_path / "a.npz", tmp_path / "same", order="source")
    np.testing.assert_array_equal(stored_images(tmp_path / "same"), images)
    prepare(tmp_path / "a.npz", tmp_path / "half", size=(3, 4), order="source")
    means = images.reshape(9, 3, 2, 4, 2, 5).mean((2, 4))
    # the mean of 16-bit numbers in float32 is exact here, then rounded
    assert np.abs(stored_images(tmp_path / "half") - means).max() <= 0.5


def test_sixteen_bit_files_stay_sixteen_bit(tmp_path):
    images = random_images((3, 4, 4), np.uint16)
    for number, image in enumerate(images):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / f"{number}.png").write_bytes(encoded(image))
    prepare(tmp_path / "in", tmp_path / "out", order="source")
    np.testing.assert_array_equal(stored_images(tmp_path / "out")[..., 0], images)


def test_a_prepared_set_can_be_prepared_again(class_folder, tmp_path):
    folder, images = class_folder
    prepare(folder, tmp_path / "one", order="source")
    prepare(tmp_path / "one", tmp_path / "two", shards=2, order="source")
    np.testing.assert_array_equal(stored_images(tmp_path / "two"), images)
    first, second = (open_records(tmp_path / name).manifest() for name in ("one", "two"))
    assert first["content_hash"] == second["content_hash"]  # the same records, other files


def test_a_prepared_set_of_another_medium_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", voxels=np.ones((3, 4, 4, 4), np.uint8))
    prepare(tmp_path / "a.npz", tmp_path / "set", voxels=4)
    with pytest.raises(ValueError, match=r"set holds volumes that are prepared already; write the"):
        prepare(tmp_path / "set", tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_jpeg_files_that_fit_are_copied(tmp_path):
    data = [encoded(random_images((8, 6, 3), seed=n), "jpeg", quality=60) for n in range(2)]
    for number, file in enumerate(data):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / f"{number}.jpg").write_bytes(file)
    prepare(tmp_path / "in", tmp_path / "same", format="jpeg", order="source")
    assert [image for image, _ in open_records(tmp_path / "same").read([0, 1])] == data
    prepare(tmp_path / "in", tmp_path / "small", size=4, format="jpeg", quality=50)
    assert open_records(tmp_path / "small").shape == (4, 4, 3)


def test_resumes_behind_the_finished_shards(class_folder, tmp_path, monkeypatch):
    folder, _ = class_folder
    min((folder / "a").iterdir()).write_bytes(b"bad")  # what is finished remembers it
    prepare(folder, tmp_path / "whole" / "out", shards=4)
    written = []
    real = passes.write_shard

    def dies_at_the_third(path, records, stored):
        if len(written) == 2:
            path.with_name(f".0123{atomic.SUFFIX}").write_bytes(b"half a file")
            raise KeyboardInterrupt
        written.append(path)
        return real(path, records, stored)

    target = tmp_path / "stopped" / "out"
    monkeypatch.setattr(passes, "write_shard", dies_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        prepare(folder, target, shards=4)
    with pytest.raises(FileNotFoundError):
        open_records(target)
    monkeypatch.setattr(passes, "write_shard", real)
    with pytest.raises(ValueError, match=r"unfinished work with other settings \(size = None, now"):
        prepare(folder, target, shards=4, size=3)
    finished = written[0].read_bytes()
    written[0].write_bytes(finished + b"x")
    with pytest.raises(ValueError, match="was changed since it was written; delete"):
        prepare(folder, target, shards=4)
    written[0].write_bytes(finished)
    before = {path: path.stat().st_mtime_ns for path in written}
    prepare(folder, target, shards=4)
    assert {path: path.stat().st_mtime_ns for path in written} == before
    assert contents(target) == contents(tmp_path / "whole" / "out")


KILLED = (
    "import sys; from jaxgan.data.prepare.prepare import prepare; prepare(*sys.argv[1:], shards=10)"
)


def test_kill_and_run_again_gives_the_same_bytes(tmp_path):
    np.savez(tmp_path / "a.npz", images=random_images((200, 40, 40, 3)))
    prepare(tmp_path / "a.npz", tmp_path / "whole" / "out", shards=10)
    target = tmp_path / "killed" / "out"
    arguments = [sys.executable, "-c", KILLED, str(tmp_path / "a.npz"), str(target)]
    with subprocess.Popen(arguments, stderr=subprocess.DEVNULL) as process:
        while len(list(target.glob("*-of-00010"))) < 3 and process.poll() is None:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL, "it ended before it was killed"
    prepare(tmp_path / "a.npz", target, shards=10)
    assert contents(target) == contents(tmp_path / "whole" / "out")


def test_a_shard_without_a_good_image(class_folder, tmp_path):
    folder, images = class_folder
    for file in (folder / "b").iterdir():
        file.write_bytes(b"bad")
    manifest = prepare(folder, tmp_path / "out", shards=3, order="source")
    assert manifest["classes"] == {"a": 4, "b": 0, "c": 4} and len(manifest["rejected"]) == 4
    np.testing.assert_array_equal(
        stored_images(tmp_path / "out"), images[[0, 1, 2, 3, 8, 9, 10, 11]]
    )


def test_a_complete_target_is_left_alone(class_folder, tmp_path, capsys):
    folder, _ = class_folder
    manifest = prepare(folder, tmp_path / "out")
    before = contents(tmp_path / "out")
    assert prepare(folder, tmp_path / "out") == manifest
    assert contents(tmp_path / "out") == before
    assert "complete already" in capsys.readouterr().err
    with pytest.raises(
        ValueError, match=r"other settings \(size = None, now \[3, 3\]\); delete it"
    ):
        prepare(folder, tmp_path / "out", size=3)


def test_a_target_inside_of_the_source_is_refused(class_folder):
    folder, _ = class_folder
    for target in (folder, folder / "out"):
        with pytest.raises(ValueError, match=r"lies inside the source .*; write a target outside"):
            prepare(folder, target)


def test_a_target_that_is_not_utf8_is_refused(class_folder, tmp_path):
    with pytest.raises(ValueError, match=r"target '.*\\\\udcff' is not UTF-8; write another"):
        prepare(class_folder[0], tmp_path / os.fsdecode(b"\xff"))


def test_two_at_once_are_refused(tmp_path):
    with (
        locked(tmp_path / "out", {"fingerprint": "x"}),
        pytest.raises(ValueError, match="another `jaxgan prepare` is writing"),
        locked(tmp_path / "out", {"fingerprint": "x"}),
    ):
        pass


def mixed(folder):
    (folder / "a" / "larger.png").write_bytes(encoded(random_images((9, 9))))


def all_bad(folder):
    for file in folder.rglob("*.png"):
        file.write_bytes(b"bad")


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (mixed, {}, r"2 sizes .*5x7 \(12\), 9x9 \(1\); write one for all: --size=128"),
        (all_bad, {}, "no image can be read"),
        (
            all_bad,
            {"size": 4, "channels": 1, "bits": 8},
            r"none of 12 .*; 'a/00\.png': not an image",
        ),
        (None, {"resize": "nearest"}, "resize is 'nearest'; write one of area, lanczos"),
        (None, {"crop": "left"}, "crop is 'left'"),
        (None, {"format": "gif"}, "format is 'gif'"),
        (None, {"shards": 13}, "shards is 13 for 12 images; write fewer"),
        (None, {"channels": 4, "format": "jpeg", "size": 4}, "JPEG cannot hold 4 channels"),
        (None, {"order": "random"}, "order is 'random'; write one of shuffled, source"),
        (None, {"size": 100_000}, "size is 100000x100000, above 89478485 pixels; write less"),
        (None, {"seed": -1}, "seed is -1; write a number from 0 to 4294967295"),
        (None, {"seed": 1 << 32}, "seed is 4294967296; write a number"),
        (None, {"channels": 5}, "channels is 5; image files hold 1, 2, 3 or 4"),
        (None, {"channels": 4, "format": "jpeg"}, "JPEG cannot hold 4 channels"),
        (None, {"class_names": ["x", "y"]}, r"class 'a' of the source is not among .* 'x', 'y'"),
        (None, {"class_names": ["x", "y", "x"]}, "class name 'x' appears twice"),
        (None, {"class_names": ["a", "b", "c", "z\n"]}, r"class name 'z\\n' is empty, has a line"),
    ],
)
def test_refusals_leave_nothing_behind(class_folder, tmp_path, change, options, message):
    folder, _ = class_folder
    if change:
        change(folder)
    with pytest.raises(ValueError, match=message):
        prepare(folder, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").glob("*.json"))


def test_a_target_that_holds_something_else(class_folder, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.doc").write_text("years of work")
    with pytest.raises(ValueError, match="holds something else"):
        prepare(class_folder[0], tmp_path / "out")
    with pytest.raises(ValueError, match="holds something else"):
        prepare(class_folder[0], tmp_path / "out" / "thesis.doc")
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["thesis.doc"]


FULL = """
import resource, signal, sys
from jaxgan import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
main.run()
"""


def test_a_disk_that_takes_no_more(tmp_path):
    """A limit on the file size stands for the full disk: the write fails in the same place."""
    np.savez(tmp_path / "a.npz", images=random_images((200, 40, 40, 3)))
    result = subprocess.run(
        [sys.executable, "-c", FULL, "prepare", str(tmp_path / "a.npz"), str(tmp_path / "out")],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("jaxgan prepare: ") and "cannot be written" in last
    assert "Traceback" not in result.stderr
    assert not list((tmp_path / "out").glob("*array_record*"))


PEAK = """
import sys
from jaxgan.data.prepare.prepare import prepare
prepare(sys.argv[1], sys.argv[2], format="jpeg", workers=2)
# not ru_maxrss, which a child process inherits from its parent
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def test_memory_does_not_grow_with_the_data(tmp_path):
    peaks = []
    for count in (20, 1000):
        images = random_images((20, 128, 128, 3))
        np.savez(tmp_path / f"{count}.npz", images=np.tile(images, (count // 20, 1, 1, 1)))
        run = [
            sys.executable,
            "-c",
            PEAK,
            str(tmp_path / f"{count}.npz"),
            str(tmp_path / f"o{count}"),
        ]
        peaks.append(int(subprocess.run(run, capture_output=True, check=True).stdout) / 1024)
    # 1,000 images are 47 MiB decoded, and as much encoded
    assert peaks[1] - peaks[0] < 25, peaks
