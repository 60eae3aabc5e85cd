"""The doctor names every bad image and what becomes of it, and what a run would lack."""

import json
import shutil
import types
from pathlib import Path

import numpy as np
import pytest

from jaxgan.config import default_config
from jaxgan.data.description import EMBEDDED, find_data_set
from jaxgan.data.examine import (
    by_file,
    examine_records,
    examine_source,
    is_sorted_by_class,
    labels_summary,
)
from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.prepare.sources import open_source
from jaxgan.data.prepare.write import ImageFormat, finish, shard_path, write_shard
from jaxgan.data.records import open_records
from jaxgan.media.sounds import wav_bytes
from jaxgan.planning import doctor
from jaxgan.training.advice import advice
from tests.data.image_kinds import BAD, encoded, messy_files, random_images
from tests.training.test_train import debug_config


def texts(findings, is_error=None):
    return [f.text for f in findings if is_error in (None, f.is_error)]


@pytest.fixture
def messy(tmp_path):
    """A folder with a file of every kind, a copy, and an empty class."""
    for name, data in messy_files().items():
        path = tmp_path / "messy" / ("one" if name < "jpeg" else "two") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    shutil.copy(tmp_path / "messy/two/rgb.png", tmp_path / "messy/two/again.png")
    (tmp_path / "messy" / "three").mkdir()
    return tmp_path / "messy"


def test_every_bad_file_is_named_with_what_becomes_of_it(messy):
    problems = texts(examine_source(open_source(messy)), True)
    for kind in BAD:
        (line,) = [text for text in problems if f"/{kind}." in text]
        assert "leaves it out" in line
    words = {"empty": "empty file", "bomb": "pixels", "truncated_jpeg": "truncated",
             "text": "not an image"}  # fmt: skip
    for kind, word in words.items():
        assert any(f"/{kind}." in text and word in text for text in problems), problems
    assert any("class folder 'three' is empty" in text for text in problems)


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("cmyk.jpg", "CMYK: converted to RGB"),
        ("gray16.png", "16 bits"),
        ("palette.png", "palette: converted to RGB"),
        ("alpha.png", "alpha: laid on white"),
        ("animated.gif", "animated: the first frame"),
        ("exif.jpg", "EXIF rotation: turned upright"),
        ("bilevel.png", "bilevel: converted to gray"),
    ],
)
def test_every_unusual_kind_is_named_with_what_is_done(file, words, messy):
    keep = next(p for p in messy.rglob("*") if p.name == file)
    folder = messy.parent / "single" / "one"
    folder.mkdir(parents=True)
    shutil.copy(keep, folder / file)
    notes = texts(examine_source(open_source(folder.parent)), False)
    assert any(words in note and f"one/{file}" in note for note in notes), notes


def test_copies_and_sizes_are_counted(messy):
    notes = texts(examine_source(open_source(messy)), False)
    assert any("two/again.png = two/rgb.png" in note for note in notes), notes
    assert any("8x8" in note and "can be read" in note for note in notes)


def test_label_gaps_rare_and_uneven_classes():
    labels = np.repeat([0, 2, 3], [300, 5, 100])
    found = labels_summary(labels, ["a", "b", "c", "d"])
    assert any(f.is_error and "1 of 4 classes have no image: b" in f.text for f in found)
    assert any("fewer than 20 images: c (5)" in f.text for f in found)
    assert any("from 5 to 300" in f.text and "class_balanced" in f.text for f in found)
    (fine,) = labels_summary(np.repeat([0, 1], 50), ["a", "b"])
    assert not fine.is_error and "2 classes, 50 to 50 images" in fine.text


@pytest.mark.parametrize(("order", "is_problem"), [("source", True), ("shuffled", False)])
def test_records_sorted_by_class_are_a_problem(tmp_path, order, is_problem):
    labels = np.repeat([0, 1, 2], 30)
    np.savez(tmp_path / "a.npz", images=random_images((90, 4, 4)), labels=labels)
    prepare(tmp_path / "a.npz", tmp_path / "set", order=order)
    problems = texts(examine_records(open_records(tmp_path / "set"), "stop"), True)
    found = [text for text in problems if "records are sorted by class" in text]
    assert len(found) == is_problem == len(problems)
    if found:
        assert f"`jaxgan prepare {tmp_path / 'set'} TARGET --split=train`" in found[0]
        sliced = examine_records(open_records(tmp_path / "set", "train[:95%]"), "stop")
        assert any("TARGET --split=train`" in text for text in texts(sliced, True))


@pytest.mark.parametrize(("order", "is_problem"), [("source", True), ("shuffled", False)])
@pytest.mark.parametrize("split", ["train", "train[:90%]"])
def test_of_records_cut_from_files_the_order_of_the_files_counts(
    tmp_path, order, is_problem, split
):
    """Windows of a sound follow each other, and have one class."""
    for number in range(40):
        sound = tmp_path / "sounds" / "ab"[number % 2] / f"{number}.wav"
        sound.parent.mkdir(parents=True, exist_ok=True)
        sound.write_bytes(wav_bytes(np.full((60, 1), 1000 + number, np.int16), 8000))
    prepare(tmp_path / "sounds", tmp_path / "set", window=4, order=order)
    problems = texts(examine_records(open_records(tmp_path / "set", split), "stop"), True)
    found = [text for text in problems if "records are sorted by class" in text]
    assert len(found) == is_problem
    if found:
        assert found[0].endswith("prepare the original files again, without --order=source")


def test_sizes_have_every_axis_but_the_channels(tmp_path):
    np.savez(tmp_path / "a.npz", voxels=np.ones((3, 4, 4, 4), np.uint8))
    prepare(tmp_path / "a.npz", tmp_path / "set", voxels=4)
    found = texts(examine_records(open_records(tmp_path / "set"), "stop"))
    assert "3 of 3 can be read: 4x4x4 (3)" in found


def test_a_file_has_the_class_of_its_first_readable_record():
    labels, files = np.array([-1, 2, 2, 0, 0, 1, -1]), np.array([3, 3, 3, 4, 4, 5, 6])
    assert by_file(labels, files).tolist() == [2, 0, 1]


def test_what_counts_as_sorted():
    rng = np.random.default_rng(0)
    for _ in range(200):  # never a random order, however small or uneven
        labels = rng.choice(3, rng.integers(1, 40), p=[0.8, 0.1, 0.1])
        assert not is_sorted_by_class(labels), labels
    assert is_sorted_by_class(np.repeat(np.arange(1000), 50))
    assert is_sorted_by_class(np.repeat([5, 0, 3], [50, 20, 20]))
    assert not is_sorted_by_class(np.zeros(100, int)) and not is_sorted_by_class(np.zeros(0, int))


def test_a_corrupt_record_is_named_by_file_and_index(tmp_path):
    source = find_data_set(EMBEDDED)
    target = tmp_path / "set"
    shutil.copytree(source, target)
    records = open_records(target)
    path = Path(records.location(4321).partition(": ")[0])
    content = bytearray(path.read_bytes())
    middle = len(content) // 2  # records of small images lie in compressed groups of 32
    content[middle : middle + 8] = bytes(b ^ 0xFF for b in content[middle : middle + 8])
    path.write_bytes(content)
    for policy, becomes in (("stop", "training stops there"), ("skip", "next good record")):
        problems = texts(examine_records(open_records(target), policy), True)
        assert any(path.name in p and "record" in p and becomes in p for p in problems), problems


def test_a_record_of_a_truncated_image_is_named(tmp_path):
    good = encoded(random_images((8, 8)))
    write_records_raw(tmp_path / "set", [good, good[:-30], encoded(random_images((8, 8), seed=1))])
    (problem,) = texts(examine_records(open_records(tmp_path / "set"), "skip"), True)
    assert "record 1" in problem and "next good record" in problem


def write_records_raw(folder, images):
    """Write encoded images as they are, damaged ones too."""
    folder.mkdir()
    stored = ImageFormat((8, 8, 1), "uint8", "png")
    labelled = ((data, number % 2) for number, data in enumerate(images))
    report = write_shard(shard_path(folder, "train", 0, 1), labelled, stored)
    finish(folder, "train", stored, ["a", "b"], [report], {})


def test_a_healthy_set_has_no_problem_and_a_plan(tmp_path):
    config = debug_config(**{"data.split": "train[:95%]", "data.held_out": "train[95%:]"})
    found = list(doctor.examine(config, tmp_path / "run", steps=0))
    assert texts(found, True) == []
    assert any("9,500 of 9,500 can be read" in text for text in texts(found))
    (disk,) = [text for text in texts(found) if text.startswith("disk: ")]
    assert "disk: 4 checkpoints of" in disk
    assert not (tmp_path / "run").exists()


def test_memory_and_time_are_measured(tmp_path):
    small = {"data.size": (8, 8), "train.num_d_steps": 1, "train.microbatches": 1}
    found = list(doctor.examine(debug_config(**small), tmp_path, steps=2))
    (memory,) = [text for text in texts(found) if text.startswith("memory: ")]
    (time,) = [text for text in texts(found) if text.startswith("time: ")]
    assert "a step takes" in memory and "for 20 steps" in time


def test_memory_of_a_card_is_read_from_it(monkeypatch):
    card = types.SimpleNamespace(
        memory_stats=lambda: {"bytes_limit": 72 << 30}, device_kind="NVIDIA H100 80GB HBM3"
    )
    monkeypatch.setattr(doctor.jax, "local_devices", lambda: [card])
    assert doctor.memory_need(60 << 30).text == (
        "memory: a step takes 60 GiB of 72 GiB (NVIDIA H100 80GB HBM3)"
    )
    assert doctor.memory_need(80 << 30).is_error


def test_memory_is_compared_with_the_device():
    assert not doctor.memory_need(1 << 20).is_error
    finding = doctor.memory_need(1 << 50)
    assert finding.is_error and "raise train.microbatches" in finding.text


def test_a_disk_that_is_too_small_is_a_problem(tmp_path, monkeypatch):
    monkeypatch.setattr(
        doctor.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 9, 1)
    )
    run, _ = doctor_run(tmp_path)
    finding = doctor.disk(run)
    assert finding.is_error and "1 B are free" in finding.text


def test_a_work_directory_that_is_a_file_is_a_problem(tmp_path):
    (tmp_path / "file").write_text("")
    for workdir in (tmp_path / "file", tmp_path / "file" / "run"):
        run, _ = doctor_run(workdir)
        finding = doctor.disk(run)
        assert finding.is_error and f"{tmp_path / 'file'} is a file; write another" in finding.text


def doctor_run(tmp_path, **fields):
    from jaxgan.training.run import new_run

    return new_run(tmp_path, debug_config(**fields))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"generator.learning_rate": 0.01}, "generator.learning_rate = 0.01"),
        ({"discriminator.b1": 0.9}, "discriminator.b1 = 0.9"),
        ({"discriminator.spectral_norm": False}, "needs a gradient penalty"),
        ({"average.decay": 0.9999}, "100% of the average is still the start"),
        ({}, "where there is any, sees 8 images"),
        (
            {"train.batch": 32, "model.batch_norm_groups": 2},
            "where there is any, sees 8 images",
        ),
        ({}, "data.held_out is empty"),
    ],
)
def test_known_failures_are_named_with_their_source(fields, words):
    found = list(advice(debug_config(**fields), 60_000))
    assert any(words in text for text in found), found


@pytest.mark.parametrize(
    "fields", [{"penalty.name": "r1", "penalty.weight": 10.0}, {"discriminator.clip_weights": 0.01}]
)
def test_what_bounds_the_discriminator_otherwise_is_no_failure(fields):
    config = debug_config(**{"discriminator.spectral_norm": False, **fields})
    assert not any("spectral_norm" in text for text in advice(config, 1))


@pytest.mark.parametrize("fields", [{"average.decay": 0.0}, {"average.half_life": 1e18}])
def test_an_average_without_a_length_needs_no_advice_on_it(fields):
    config = debug_config(**fields, **{"average.start_step": 100, "train.steps": 10})
    assert not any("average." in text for text in advice(config, 60_000))


def test_disk_counts_every_checkpoint_that_is_kept(tmp_path):
    fields = {"train.keep_checkpoints": 2, "train.steps": 1000, "train.best_metric": "g/loss"}
    fields |= {"train.keep_every": 40, "train.checkpoint_every": 30}  # both divide 120, 240, ...
    run, _ = doctor_run(tmp_path, **fields)
    assert doctor.disk(run).text.startswith("disk: 12 checkpoints of ")  # 2 + 1 + 8 + 1


def test_wrong_configs_are_problems_not_crashes(tmp_path):
    for fields, words in (
        ({"train.batch": 15}, "train.batch = 15"),
        ({"data.size": (31, 31)}, "31 x 31"),
        ({"data.name": "/no/such/set"}, "/no/such/set"),
        ({"data.held_out": "train[95%:]"}, "shares 500 images"),
    ):
        found = list(doctor.examine(debug_config(**fields), tmp_path, steps=0))
        assert any(words in text for text in texts(found, True)), (fields, texts(found))


def test_raw_images_are_examined_and_prepare_is_named(messy, tmp_path):
    found = list(doctor.examine(debug_config(**{"data.name": str(messy)}), tmp_path, steps=0))
    assert "prepare" in found[0].text and found[0].is_error
    assert any("/empty.png" in text for text in texts(found, True))


def test_label_out_of_range_of_its_names_is_named(tmp_path):
    target = tmp_path / "set"
    shutil.copytree(find_data_set(EMBEDDED), target)
    features = json.loads((target / "features.json").read_text())
    text = json.dumps(features).replace('"numClasses": "10"', '"numClasses": "9"')
    (target / "features.json").write_text(text)
    names = (target / "label.labels.txt").read_text().splitlines()[:9]
    (target / "label.labels.txt").write_text("\n".join(names) + "\n")
    problems = texts(examine_records(open_records(target), "stop"), True)
    assert len(problems) == 1000 and all("label 9 is outside [0, 9)" in p for p in problems)


def test_srgan_is_advised_to_start_from_squared_differences():
    config = default_config("srgan", "srgan")
    says = lambda: any("SRGAN's game begins" in text for text in advice(config, 10_000))
    assert says()
    config.train.start_from = "runs/srresnet"
    assert not says()
    config.train.start_from, config.objective.adversarial = "", 0.0
    assert not says()
