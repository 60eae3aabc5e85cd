"""A work directory: one experiment, one training at a time, its data known by content."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import jaxgan
from jaxgan.data.prepare.write import ImageFormat, write_records
from jaxgan.data.records import open_records
from jaxgan.files import json_lines, lock
from jaxgan.training import run
from jaxgan.training.checkpoints import Checkpoints
from jaxgan.training.claim import claim, claimed
from jaxgan.training.identity import identity
from tests.tiny import tiny_config
from tests.training.test_checkpoints import saved, state

DATA = {"records": 3, "content_hash": "a" * 64}


@pytest.fixture
def opened(tmp_path):
    return run.open_run(tmp_path / "run", tiny_config())


def test_a_second_training_is_told_who_is_there(opened):
    with claimed(opened, DATA):
        before = (opened.workdir / "config.json").read_bytes()
        with pytest.raises(ValueError, match=r"is in use by process \d+ on .*: stop that training"):
            claimed(opened, DATA).__enter__()
        assert (opened.workdir / "config.json").read_bytes() == before
    with claimed(opened, DATA):  # it was let go
        pass


def test_a_directory_that_is_not_shared_is_refused(opened, monkeypatch):
    monkeypatch.setattr("jaxgan.training.claim.SHARED_WITHIN", 0.1)
    monkeypatch.setattr("jaxgan.devices.processes.from_first", lambda *_: "of process 0")
    with pytest.raises(ValueError, match=r"is not that of process 0: write a directory on storage"):
        claimed(opened, DATA).__enter__()
    assert lock.read_holder(opened.workdir / "lock") == {}


def test_checkpoints_without_a_config_are_refused(opened):
    saved(opened.workdir / "checkpoints", [10])
    with pytest.raises(ValueError, match=r"holds checkpoints but no config\.json"):
        claim(opened, DATA)
    assert not (opened.workdir / "config.json").exists()


def test_a_run_whose_checkpoints_are_gone_is_not_started_over(opened):
    claim(opened, DATA)
    saved(opened.workdir / "checkpoints", [10, 20])
    log = opened.workdir / "metrics.jsonl"
    json_lines.append(log, {"step": 20})
    shutil.rmtree(opened.workdir / "checkpoints")
    with pytest.raises(
        ValueError, match=r"checkpoints were written up to step 20, but none is there: bring"
    ):
        claim(opened, DATA)
    assert json_lines.read(log) == [{"step": 20}]


def test_a_run_without_a_first_checkpoint_and_one_rolled_back_to_its_start_begin_again(opened):
    claim(opened, DATA)
    json_lines.append(opened.workdir / "metrics.jsonl", {"step": 5})
    claim(opened, DATA)  # killed before its first checkpoint
    with Checkpoints(opened.workdir / "checkpoints") as checkpoints:
        checkpoints.save(10, state(10))
        checkpoints.finish()
        checkpoints.drop_after(0)  # as a roll-back to the start
    claim(opened, DATA)


def test_the_place_of_data_may_change_and_its_content_may_not(tmp_path):
    embedded = Path(jaxgan.__file__).parent / "data" / "fashion_mnist"
    shutil.copytree(embedded, tmp_path / "moved")

    def start(name):
        config = tiny_config(**{"data.name": str(name), "data.size": (8, 8)})
        opened, records = run.new_run(tmp_path / "run", config)
        claim(opened, identity(records))

    start("fashion_mnist")
    start(tmp_path / "moved")
    manifest = json.loads((tmp_path / "moved" / "manifest.json").read_text())
    manifest["content_hash"] = "0" * 64  # of other images
    (tmp_path / "moved" / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ValueError, match=r"was trained on other data than data\.name = '.*moved'"):
        start(tmp_path / "moved")


def test_data_without_a_manifest_is_known_by_its_records(tmp_path):
    def made(name, value, count=90):
        images = [(np.full((4, 4, 1), value, np.uint8), 0)] * count
        write_records(tmp_path / name, images, ["a"], ImageFormat((4, 4, 1)))
        (tmp_path / name / "manifest.json").unlink()
        return identity(open_records(tmp_path / name))

    one = made("one", 1)
    assert one["records"] == 90 and one == made("same", 1)
    assert one != made("other", 2) and one != made("fewer", 1, 89)


def test_a_run_that_was_started_with_another_order_does_not_continue(opened):
    old = {"records": 70_000, "content_hash": "f"}
    claim(opened, old)
    with pytest.raises(ValueError, match=r"read 70000 records in another order \(1 there, 2 here"):
        claim(opened, old | {"order": 2})
    assert json.loads((opened.workdir / "data.json").read_text()) == old
    claim(opened, old | {"order": 1})  # of a small data set it is as it was
    with pytest.raises(ValueError, match="was trained on other data"):
        claim(opened, {"records": 70_001, "content_hash": "g", "order": 2})


def test_damaged_facts_about_the_data_are_named(opened):
    claim(opened, DATA)
    (opened.workdir / "data.json").write_text("[")
    with pytest.raises(ValueError, match=r"data\.json is damaged \(.*\): bring it back"):
        claim(opened, DATA)
