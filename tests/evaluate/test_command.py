"""`jaxgan evaluate` from the command line, on tiny generators and folders."""

import json
import signal
import sys

import jax
import numpy as np
import pytest
from PIL import Image

from jaxgan import main
from jaxgan.commands import interrupts
from jaxgan.devices import sharding
from jaxgan.evaluate.images import Images
from jaxgan.evaluate.metrics.metric import Scores
from jaxgan.evaluate.metrics.neighbours import own_distances
from jaxgan.evaluate.metrics.table import METRICS
from jaxgan.evaluate.results import read_results
from jaxgan.evaluate.samples import samples
from jaxgan.media.pixels import to_stored
from jaxgan.trained.export import write_generator
from jaxgan.trained.generator import TrainedGenerator
from jaxgan.trained.load import load
from tests.evaluate.made_images import NAMES, pixels, write_folder
from tests.evaluate.scored import OWN, expected_fd, flags, in_numpy
from tests.tiny import tiny_generator, tiny_run, tiny_tabulated


def test_a_run_is_scored_with_its_protocol(tmp_path, data, command):
    tiny_run(tmp_path / "run")
    metrics = "('fd','kd','is','precision_recall','fd_infinity','fd_per_class','accuracy_score')"
    out = command(tmp_path / "run", *flags(data, metrics=metrics, bootstrap_rounds=5))
    (result,) = read_results(tmp_path / "run" / "results.jsonl")
    g = load(tmp_path / "run")
    labels = np.arange(60) % 5
    images = to_stored(g.generate(g.latents(range(60)), labels))
    values = result["metrics"]
    assert values["fd_features"] == pytest.approx(expected_fd(images, data[1]), rel=1e-4)
    each = [expected_fd(images[labels == c], data[1][data[2] == c]) for c in range(5)]
    assert values["fd_features_per_class"] == pytest.approx(np.mean(each), rel=1e-4)
    assert list(result["classes"]["fd_features_per_class"].values()) == pytest.approx(
        each, rel=1e-4
    )
    assert set(result["classes"]["fd_features_per_class"]) == set(NAMES)
    assert values["fd_features_std"] > 0 and 0 <= values["accuracy_score_features"] <= 1
    assert values["accuracy_score_features_real"] > 0.9  # brightness tells the class
    protocol = result["protocol"]
    assert protocol["step"] == 7 and protocol["count"] == 60 and protocol["reference_count"] == 150
    assert protocol["truncation"] is None and protocol["bootstrap_rounds"] == 5
    assert protocol["standing_statistics"] == "3 batches of 16"
    assert "fd_features" in out and "by class, the worst first" in out
    again = command(tmp_path / "run", "--table")
    assert "fd_features" in again and len(read_results(tmp_path / "run" / "results.jsonl")) == 1


def test_an_exported_file_is_scored(tmp_path, data, command, monkeypatch):
    write_generator(tmp_path / "tiny.safetensors", tiny_tabulated())
    monkeypatch.chdir(tmp_path)
    command("tiny.safetensors", *flags(data), "--config.sample.truncation=0.5")
    (result,) = read_results("evaluation/results.jsonl")
    g = tiny_tabulated()
    images = to_stored(g.generate(g.latents(range(60), 0, 0.5), np.arange(60) % 5, 0.5))
    fd = result["metrics"]["fd_features"]
    assert fd == pytest.approx(expected_fd(images, data[1]), rel=1e-4)
    assert result["protocol"]["truncation"] == 0.5
    assert result["protocol"]["truncation_definition"] == "threshold"
    assert result["protocol"]["standing_statistics"] == "stored in the file"


def test_a_folder_against_a_folder(tmp_path, command, monkeypatch, capsys):
    (fake, fake_labels), (real, real_labels) = pixels(40, 2), pixels(70, 3)
    write_folder(tmp_path / "fake", fake, fake_labels)
    write_folder(tmp_path / "real", real, real_labels)
    (tmp_path / "fake" / "Bag" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and nothing")
    (tmp_path / "fake" / "notes.txt").write_text("no image")
    reference = f"--config.evaluate.reference={tmp_path / 'real'}"
    main_flags = (OWN, reference, "--config.evaluate.metrics=('fd','fd_per_class')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["jaxgan", "evaluate", "fake", *main_flags])
    with pytest.raises(SystemExit) as stop:
        main.run()
    assert stop.value.code == 0
    said = capsys.readouterr().err
    assert "1 files cannot be read: 'Bag/broken.png'" in said
    assert "1 files are not images: 'notes.txt'" in said
    (result,) = read_results("evaluation/results.jsonl")
    assert result["metrics"]["fd_features"] == pytest.approx(expected_fd(fake, real), rel=1e-4)
    assert result["protocol"]["unreadable"] == 1 and result["protocol"]["count"] == 40
    first = result["protocol"]["samples_hash"]
    Image.fromarray(255 - fake[0, ..., 0]).save(tmp_path / "fake" / "T-shirt-top" / "0000.png")
    command("fake", *main_flags)
    assert read_results("evaluation/results.jsonl")[1]["protocol"]["samples_hash"] != first


def test_samples_score_the_same_in_memory_and_in_a_folder(tmp_path, data, command, monkeypatch):
    """Written by `jaxgan sample`, read with the labels.csv that it writes."""
    tiny_run(tmp_path / "run")
    metrics = "('fd','kd','fd_per_class')"
    command(tmp_path / "run", *flags(data, metrics=metrics))
    monkeypatch.chdir(tmp_path)
    classes = ";".join(NAMES)
    argv = ["sample", "run", "--kind=images", "--count=60", f"--classes={classes}"]
    monkeypatch.setattr(sys, "argv", ["jaxgan", *argv, "--output=files"])
    with pytest.raises(SystemExit):
        main.run()
    command("files", *flags(data, samples=60, metrics=metrics))
    (memory,), (files,) = (read_results(f"{p}/results.jsonl") for p in ("run", "evaluation"))
    assert memory["metrics"] == pytest.approx(files["metrics"], rel=1e-5)


def test_one_device_is_eight_devices(tmp_path, data, command, monkeypatch):
    tiny_run(tmp_path / "run", **{"sample.standing_batch": 13})
    metrics = "('fd','kd','is','precision_recall','fd_per_class','interpolation')"
    command(tmp_path / "run", *flags(data, samples=50, metrics=metrics))
    one = jax.devices()[:1]
    for name in ("devices", "local_devices"):
        monkeypatch.setattr(jax, name, lambda *a, **k: one)
    command(tmp_path / "run", *flags(data, samples=50, metrics=metrics))
    eight, one = read_results(tmp_path / "run" / "results.jsonl")
    assert eight["metrics"] == pytest.approx(one["metrics"], rel=1e-6, abs=1e-6)


def test_features_of_the_runs_own_discriminator(tmp_path, data, command):
    tiny_run(tmp_path / "run")
    own = [f for f in flags(data, metrics="('fd','probe')") if not f.startswith(OWN[:26])]
    command(tmp_path / "run", *own, "--config.evaluate.extractor=discriminator")
    (result,) = read_results(tmp_path / "run" / "results.jsonl")
    assert result["protocol"]["extractor_protocol"]["step"] == 7
    assert result["metrics"]["linear_probe_discriminator"] > 0.8  # random features do for this
    assert result["metrics"]["knn_discriminator"] > 0.8


def test_neighbours_are_drawn(tmp_path, data, command, monkeypatch):
    """A folder of copies of the real images: all memorised, and shown so."""
    write_folder(tmp_path / "copies", data[1][:30], data[2][:30])
    monkeypatch.chdir(tmp_path)
    command("copies", *flags(data, samples=30, metrics="('copies',)"))
    (result,) = read_results("evaluation/results.jsonl")
    assert result["metrics"]["memorised_features"] == 1.0
    with Image.open("evaluation/neighbours.png") as sheet:
        cells = np.asarray(sheet)[12:76, -12 - 8 * 64 : -12].reshape(64, 8, 64, 3)
    np.testing.assert_array_equal(cells[:, 0], cells[:, 1])  # a sample and its nearest
    assert (cells[:, 0] != cells[:, 2]).any()


def test_wrong_wishes_are_refused_in_one_line(tmp_path, data, command, monkeypatch):
    monkeypatch.chdir(tmp_path)
    images, labels = pixels(20, 2)
    write_folder(tmp_path / "few", images, labels)
    (tmp_path / "empty").mkdir()
    write_folder(tmp_path / "mixed", images, labels)
    Image.new("L", (9, 8)).save(tmp_path / "mixed" / "Bag" / "wide.png")
    (tmp_path / "named").mkdir()
    Image.new("L", (8, 8)).save(tmp_path / "named" / "a.png")
    (tmp_path / "named" / "labels.csv").write_text("b.png,Bag\n")
    write_folder(tmp_path / "one", images, np.zeros(20, int))
    write_folder(tmp_path / "single", images[:1], labels[:1])
    write_folder(tmp_path / "five", images[:5], labels[:5])
    monkeypatch.setattr(Images, "batches", lambda *_: pytest.fail("an image was read"))
    tiny_run(tmp_path / "run")
    (tmp_path / "other.pth").write_bytes(b"weights")
    one = [OWN, "--config.evaluate.reference=one"]
    for argv, words in [
        (("none",), ["none does not exist"]),
        (("empty", *flags(data, 0)), ["no images found"]),
        (("mixed", *flags(data, 0)), ["2 sizes", "8x8, 8x9", "jaxgan prepare"]),
        (("named", *flags(data, 0)), ["labels.csv", "'b.png'", "'a.png'"]),
        (("few", OWN), ["evaluate.reference is empty"]),
        (("few", *flags(data, 21)), ["samples = 21", "few holds 20 images"]),
        (("few", *flags(data, 1)), ["samples = 1: write 2 or more"]),
        (("single", *flags(data, 0)), ["single holds 1 image: give 2 or more"]),
        (("few", OWN, "--config.evaluate.reference=single"), ["single holds 1 image"]),
        (("few", *flags(data, 0), "--follow"), ["--follow", "not a training run"]),
        (("few", *flags(data, 0), "--truncation=0.5"), ["needs a generator"]),
        (("run", *flags(data), "--truncation=1:0:1"), ["FIRST:LAST:STEP"]),
        (("run", *flags(data), "--truncation=9"), ["truncation = 9", "up to 4"]),
        (("run", *flags(data), "--length=0.1", "--config.sample.weights=raw"),
         ["sample.weights = 'raw'", "--length is of averages"]),
        (("run", OWN, "--config.evaluate.reference=few", "--config.evaluate.metrics=probe",
          "--config.evaluate.test_split=none"), ["test_split = 'none'", "the reference itself"]),
        (("few", *one, "--config.evaluate.metrics=('recognition',)"), ["one class only"]),
        (("few", *one, "--config.evaluate.metrics=('probe',)"), ["one class only"]),
        (("few", *one, "--config.evaluate.metrics=('fd_per_class',)"), ["no class 'Ankle boot'"]),
        (("run", *flags(data, metrics="('fid',)")), ["no metric 'fid'", "'fd'?", "fd, kd"]),
        (("run", *flags(data, split="test")), ["no split 'test'"]),
        (("run", "--config.evaluate.extractor=inception",
          "--config.evaluate.weights_file=other.pth"), ["other.pth has SHA-256"]),
        (("run", "--config.evaluate.extractor=inception",
          "--config.evaluate.weights_file=no.pth"), ["weights_file = 'no.pth': no such file"]),
        (("few", *flags(data, 9)), ["'is' needs 10 samples", "not 9 of"]),
        (("run", "--config.evaluate.extractor=encoder"), ["no encoder"]),
        (("few", *flags(data, 0, extractor="discriminator")), ["needs a run"]),
        (("run", *flags(data, bootstrap_rounds=1)), ["bootstrap_rounds = 1"]),
        (("run", *flags(data, seed=2**32)), ["evaluate.seed = 4294967296", "from 0 to 4294967295"]),
        (("run", *flags(data, seed=-1)), ["evaluate.seed = -1"]),
        (("run", *flags(data, reference_samples=1)), ["evaluate.reference_samples = 1"]),
        (("run", *flags(data), "--patience=-1", "--follow"), ["--patience=-1"]),
        (("run", *flags(data), "--output=other.pth"), ["--output=other.pth cannot be made"]),
        (("run", "--table"), ["results.jsonl holds no result"]),
        (("few", *flags(data, 0, metrics="('fd','interpolation')")), ["needs a generator", "few"]),
        (("few", OWN, "--config.evaluate.reference=few", "--config.evaluate.samples=9",
          "--config.evaluate.metrics=('fd','fd_per_class')"),
         ["'fd_per_class'", "2 samples and 2 real images", "there are fewer of '"]),
        (("run", *flags(data, 4, metrics="('fd','accuracy_score')")), ["samples of every class"]),
        (("run", *flags(data, 5, metrics="('recognition',)")), ["2 samples and 2 real images"]),
        (("few", *one, "--config.evaluate.metrics=('accuracy_score',)"), ["one class only"]),
        (("few", OWN, "--config.evaluate.reference=five", "--config.evaluate.metrics=('probe',)"),
         ["a tenth of 5 images is none", "evaluate.test_split"]),
        (("run", *flags(data, extractor="lite")), ["no extractor 'lite'", "'lite0'?"]),
        (("run", *flags(data, extractor="tests.evaluate.scored:plain", metrics="('is',)")),
         ["'is' needs logits", "this extractor gives none"]),
        (("run", *flags(data, extractor="tests.evaluate.scored:WEIGHTS")), ["not a function"]),
        (("run", *flags(data, extractor="tests.evaluate.scored:normalised")),
         ["'normalised'", "depend on the other images of its batch"]),
        (("run", *flags(data, extractor="tests.evaluate.scored:partial")), ["no source file"]),
        (("run", *flags(data, extractor="tests.evaluate.scored:single")), ["for 2 images: return"]),
    ]:  # fmt: skip
        message = command(*argv)
        assert message.startswith("jaxgan evaluate: ") and "\n" not in message, message
        assert all(word in message for word in words), message
    assert not list(tmp_path.glob("*/results.jsonl"))


def test_some_images_of_a_folder_are_a_fair_draw(tmp_path, command, monkeypatch):
    """100 of a folder in the order of its classes, each class one image 50 times: 20 of each."""
    labels = np.repeat(np.arange(5), 50)
    images = np.repeat(pixels(5, 4)[0], 50, axis=0)
    write_folder(tmp_path / "real", images, labels)
    monkeypatch.chdir(tmp_path)
    reference = "--config.evaluate.reference=real"
    metrics = "--config.evaluate.metrics=('fd','fd_per_class')"
    command("real", OWN, reference, metrics, "--config.evaluate.samples=100")
    part = "--config.evaluate.reference_samples=100"
    command("real", OWN, reference, metrics, "--config.evaluate.samples=100", part)
    few, same = read_results("evaluation/results.jsonl")
    # One mean, and covariances S n / (n - 1): tr(S) (sqrt(100 / 99) - sqrt(250 / 249))^2.
    spread = in_numpy(images).var(axis=0).sum()
    expected = spread * (np.sqrt(100 / 99) - np.sqrt(250 / 249)) ** 2
    assert few["metrics"]["fd_features"] == pytest.approx(expected, rel=1e-3)
    assert few["metrics"]["fd_features_per_class"] == pytest.approx(0, abs=1e-9)
    assert few["protocol"]["reference_count"] == 250
    assert same["protocol"]["reference_count"] == same["protocol"]["count"] == 100
    assert same["protocol"]["samples_hash"] == same["protocol"]["reference_hash"]
    assert few["protocol"]["samples_hash"] != few["protocol"]["reference_hash"]
    assert same["metrics"]["fd_features"] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("damage", ["directory", "nan"])
def test_a_result_that_cannot_be_written_is_printed(tmp_path, data, monkeypatch, capsys, damage):
    tiny_run(tmp_path / "run")
    path = tmp_path / "run" / "results.jsonl"
    argv = ["jaxgan", "evaluate", str(tmp_path / "run"), *flags(data, metrics="('fd','kd')")]
    monkeypatch.setattr(sys, "argv", argv)

    def damaged(inputs):
        if damage == "directory":  # while it computes
            path.mkdir()
        return Scores({"fd*": 3.0 if damage == "directory" else float("nan")})

    monkeypatch.setitem(METRICS, "fd", METRICS["fd"]._replace(compute=damaged))
    with pytest.raises(SystemExit) as stop:
        main.run()
    assert "results.jsonl has no line of this result, which is printed above" in stop.value.code
    (line,) = [x for x in capsys.readouterr().out.splitlines() if x[:1] == "{"]
    found = json.loads(line)
    assert set(found["metrics"]) > {"fd_features", "kd_features"}
    assert found["protocol"]["count"] == 60


@pytest.mark.parametrize("how", ["refusal", "fault", "interruption"])
def test_a_metric_that_fails_does_not_keep_back_the_others(
    tmp_path, data, monkeypatch, capsys, how
):
    tiny_run(tmp_path / "run")
    argv = ["jaxgan", "evaluate", str(tmp_path / "run"), *flags(data, metrics="fd,kd,is")]
    monkeypatch.setattr(sys, "argv", argv)

    def fails(inputs):
        if how == "interruption":
            raise interrupts.Stopped(signal.SIGINT)
        if how == "refusal":
            own_distances(np.zeros((1, 2)))
        raise TypeError("made up")

    monkeypatch.setitem(METRICS, "kd", METRICS["kd"]._replace(compute=fails))
    monkeypatch.setattr("os._exit", sys.exit)  # how an interruption ends
    with pytest.raises(SystemExit) as stop:
        main.run()
    shown = capsys.readouterr()
    (result,) = read_results(tmp_path / "run" / "results.jsonl")
    if how == "interruption":
        assert stop.value.code == 130 and result["metrics"].keys() == {"fd_features"}
        return
    assert result["metrics"].keys() == {"fd_features", "is_features", "is_features_std"}
    assert "kd failed (" in shown.err and "fd_features" in shown.out
    if how == "refusal":
        assert stop.value.code.startswith("jaxgan evaluate: ")
    else:
        assert stop.value.code == 1 and "TypeError: made up" in shown.err


def test_progress_is_shown(tmp_path, data, command, monkeypatch, capsys):
    tiny_run(tmp_path / "run")
    monkeypatch.setattr(
        sys, "argv", ["jaxgan", "evaluate", str(tmp_path / "run"), *flags(data, 40)]
    )
    with pytest.raises(SystemExit):
        main.run()
    shown = capsys.readouterr().err
    assert "samples: 40 of 40 images" in shown and "/s, 0 s left" in shown


def test_a_generator_that_overflows_is_named():
    g = tiny_generator()
    weights = jax.tree.map(lambda x: np.float32(1e30) * x, g.weights)  # finite, unlike its images
    collapsed = TrainedGenerator(g.config, weights, step=7)
    fake = samples(collapsed, 20, 0, None, sharding.create_mesh())
    with pytest.raises(ValueError, match=r"^image 5 of the samples is not finite"):
        fake.read(np.arange(5, 9))


def test_results_are_plain_json(tmp_path, data, command):
    tiny_run(tmp_path / "run")
    command(tmp_path / "run", *flags(data))
    line = (tmp_path / "run" / "results.jsonl").read_text()
    assert json.loads(line, parse_constant=pytest.fail)["protocol"]["size"] == [8, 8, 1]
