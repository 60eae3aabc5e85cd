"""Records are shuffled by a stored seed: slices are fair, and a restart changes no byte."""

from pathlib import Path

import numpy as np
import pytest

from jaxgan.data.order import permutation
from jaxgan.data.prepare import passes
from jaxgan.data.prepare import prepare as prepare_module
from jaxgan.data.prepare import target as target_module
from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.records import open_records
from tests.data.image_kinds import random_images, stored_images
from tests.data.prepare.test_prepare import contents


@pytest.mark.parametrize("seed", [0, 7])
def test_the_order_is_the_stored_permutation(class_folder, tmp_path, seed):
    folder, images = class_folder
    manifest = prepare(folder, tmp_path / "out", seed=seed, shards=3)
    order = permutation(12, seed, "prepare")
    assert not np.array_equal(order, np.arange(12))
    np.testing.assert_array_equal(stored_images(tmp_path / "out"), images[order])
    np.testing.assert_array_equal(open_records(tmp_path / "out").labels(), order // 4)
    assert manifest["settings"]["order"] == "shuffled" and manifest["settings"]["seed"] == seed


def test_rejected_images_leave_the_order_of_the_others(class_folder, tmp_path):
    folder, images = class_folder
    (folder / "b" / "05.png").write_bytes(b"bad")
    prepare(folder, tmp_path / "out")
    good = np.delete(np.arange(12), 5)[permutation(11, 0, "prepare")]
    np.testing.assert_array_equal(stored_images(tmp_path / "out"), images[good])
    np.testing.assert_array_equal(open_records(tmp_path / "out").labels(), good // 4)


def test_a_slice_of_sorted_data_holds_every_class_in_proportion(tmp_path):
    labels = np.repeat([0, 1, 2], [300, 150, 150])
    np.savez(tmp_path / "a.npz", images=random_images((600, 4, 4)), labels=labels)
    prepare(tmp_path / "a.npz", tmp_path / "out")
    for split in ("train[:20%]", "train[80%:]"):
        counts = np.bincount(open_records(tmp_path / "out", split).labels(), minlength=3)
        # hypergeometric: the standard deviation of the first count is 4.9
        assert np.abs(counts - [60, 30, 30]).max() <= 15, counts


@pytest.mark.parametrize("pass_", ["write_stage", "write_shard"])
@pytest.mark.parametrize("file", ["a.npz", "folder"])
def test_an_interruption_in_either_pass_changes_no_byte(
    class_folder, tmp_path, monkeypatch, pass_, file
):
    folder, images = class_folder
    source = folder
    if file == "a.npz":
        source = tmp_path / "a.npz"
        np.savez(source, images=images, labels=np.arange(12) // 4)
    prepare(source, tmp_path / "whole" / "out", shards=4)
    real, written = getattr(passes, pass_), []

    def dies_at_the_third(path, *arguments):
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(path)
        return real(path, *arguments)

    monkeypatch.setattr(passes, pass_, dies_at_the_third)
    target = tmp_path / "stopped" / "out"
    with pytest.raises(KeyboardInterrupt):
        prepare(source, target, shards=4)
    first, (before, *_) = written[0], [path.stat().st_mtime_ns for path in written]
    monkeypatch.setattr(passes, pass_, real)

    def last(*arguments):
        assert first.stat().st_mtime_ns == before, "it was written a second time"
        return real_finish(*arguments)

    real_finish = prepare_module.finish
    monkeypatch.setattr(prepare_module, "finish", last)
    prepare(source, target, shards=4)
    assert contents(target) == contents(tmp_path / "whole" / "out")


def test_a_staged_file_that_was_changed_is_refused(class_folder, tmp_path, monkeypatch):
    def dies(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(passes, "write_shard", dies)
    with pytest.raises(KeyboardInterrupt):
        prepare(class_folder[0], tmp_path / "out")
    (staged,) = (tmp_path / "out" / ".prepare").glob("staged-*.bin")
    staged.write_bytes(staged.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"staged-00000\.bin was changed .*; delete .*out$"):
        prepare(class_folder[0], tmp_path / "out")


def test_a_disk_that_will_be_full_is_refused_before_anything_is_written(
    class_folder, tmp_path, monkeypatch
):
    usage = target_module.shutil._ntuple_diskusage(10**9, 10**9 - 500, 500)
    monkeypatch.setattr(target_module.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(ValueError, match=r"12 images take about .* but 5e-07 GB are free"):
        prepare(class_folder[0], tmp_path / "out")
    assert not (tmp_path / "out").exists()
    np.savez(tmp_path / "a.npz", voxels=np.ones((3, 8, 8, 8), np.uint8))
    tiny = usage._replace(free=5)
    monkeypatch.setattr(target_module.shutil, "disk_usage", lambda path: tiny)
    with pytest.raises(ValueError, match=r"3 volumes take .*; write a target on another disk$"):
        prepare(tmp_path / "a.npz", tmp_path / "out", voxels=8)
    roomy = usage._replace(free=10**9)
    monkeypatch.setattr(target_module.shutil, "disk_usage", lambda path: roomy)
    prepare(class_folder[0], tmp_path / "out")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a folder that root cannot write in")
def test_a_target_that_cannot_be_written_is_no_full_disk(class_folder):
    with pytest.raises(OSError, match=r"/proc/x/y: .* /proc .*; write another target"):
        prepare(class_folder[0], "/proc/x/y")
