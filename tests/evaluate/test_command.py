"""`jaxgan evaluate` from the command line, on tiny generators and folders."""

import csv
import json
import sys
import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from jaxgan import main
from jaxgan.checkpoints import Checkpoints
from jaxgan.data.prepare import prepare
from jaxgan.evaluate import follow
from jaxgan.evaluate.frechet import frechet_of_samples
from jaxgan.evaluate.results import read_results
from jaxgan.export import write_generator
from jaxgan.generator import load
from jaxgan.run import abstract_state
from jaxgan.sample.pictures import to_uint8
from tests.evaluate.made_images import NAMES, pixels, write_folder
from tests.tiny import drawn, tiny_generator, tiny_run, tiny_tabulated

WEIGHTS = np.random.default_rng(0).normal(size=(64, 6)).astype(np.float32) / 8
OWN = "--config.evaluate.extractor=tests.evaluate.test_command:features"


def features(images: jax.Array) -> tuple[jax.Array, jax.Array]:
    """6 features and 3 logits of 8 x 8 images; one channel or three."""
    levels = jnp.round((images + 1.0) * 127.5).mean(-1).reshape(len(images), -1) / 255
    found = jnp.tanh(levels @ WEIGHTS)
    return found, 4 * found[:, :3]


def in_numpy(images: np.ndarray) -> np.ndarray:
    return np.tanh(images.mean(-1).reshape(len(images), -1) / 255 @ WEIGHTS.astype(np.float64))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data set of 150 images, and the images."""
    folder = tmp_path_factory.mktemp("data")
    images, labels = pixels(150, 1)
    np.savez(folder / "real.npz", images=images, labels=labels)
    prepare(folder / "real.npz", folder / "real", class_names=NAMES)
    return folder / "real", images, labels


@pytest.fixture
def command(monkeypatch, capsys):
    """Run `jaxgan evaluate`; return what it printed, or its refusal."""

    def run(*argv) -> str:
        monkeypatch.setattr(sys, "argv", ["jaxgan", "evaluate", *map(str, argv)])
        with pytest.raises(SystemExit) as stop:
            main.run()
        code = stop.value.code
        return capsys.readouterr().out if code == 0 else str(code)

    return run


def flags(data, samples=60, **settings):
    settings |= {"reference": str(data[0]), "samples": samples, "batch": 32}
    return [OWN, *(f"--config.evaluate.{name}={value}" for name, value in settings.items())]


def expected_fd(fake: np.ndarray, real: np.ndarray) -> float:
    return frechet_of_samples(in_numpy(fake), in_numpy(real))


def test_a_run_is_scored_with_its_protocol(tmp_path, data, command):
    tiny_run(tmp_path / "run")
    metrics = "('fd','kd','is','precision_recall','fd_infinity','fd_per_class','accuracy_score')"
    out = command(tmp_path / "run", *flags(data, metrics=metrics, bootstrap_rounds=5))
    (result,) = read_results(tmp_path / "run" / "results.jsonl")
    g = load(tmp_path / "run")
    labels = np.arange(60) % 5
    images = to_uint8(g.generate(g.latents(range(60)), labels))
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
    images = to_uint8(g.generate(g.latents(range(60), 0, 0.5), np.arange(60) % 5, 0.5))
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
    assert "1 files are no images: 'notes.txt'" in said
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


def test_a_truncation_curve(tmp_path, data, command):
    tiny_run(tmp_path / "run")
    sweep = "--truncation=0.5:1.5:0.5"
    out = command(tmp_path / "run", *flags(data, metrics="('fd','is')"), sweep)
    results = read_results(tmp_path / "run" / "results.jsonl")
    assert [r["protocol"]["truncation"] for r in results] == [None, 0.5, 1.0, 1.5]
    g = load(tmp_path / "run")
    for r in results:  # standing statistics of each threshold
        t = r["protocol"]["truncation"] or 0.0
        images = to_uint8(g.generate(g.latents(range(60), 0, t), np.arange(60) % 5, t))
        fd = r["metrics"]["fd_features"]
        assert fd == pytest.approx(expected_fd(images, data[1]), rel=1e-4)
    scores = [r["metrics"]["is_features"] for r in results]
    best = results[int(np.argmax(scores))]["protocol"]["truncation"]
    assert f"(d) best Inception Score: {f'truncation {best:g}' if best else 'none'}" in out
    # Another definition joins the curve; what is there is not computed again.
    command(tmp_path / "run", *flags(data, metrics="('fd','is')"), "--truncation=0.5,1",
            "--config.sample.truncation_definition=scaled")  # fmt: skip
    assert len(read_results(tmp_path / "run" / "results.jsonl")) == 6
    with open(tmp_path / "run" / "truncation.csv") as file:
        rows = list(csv.DictReader(file))
    assert [(r["definition"], r["truncation"]) for r in rows] == [
        *(("threshold", t) for t in ("none", "1.5", "1.0", "0.5")),
        *(("scaled", t) for t in ("none", "1.0", "0.5")),
    ]
    assert float(rows[1]["fd_features"]) == results[3]["metrics"]["fd_features"]
    assert "a" in rows[0]["point"]
    with Image.open(tmp_path / "run" / "truncation.png") as picture:
        assert len(np.unique(np.asarray(picture).reshape(-1, 3), axis=0)) > 50  # not blank


def test_a_curve_of_a_file_does_not_use_the_files_statistics(tmp_path, data, command, monkeypatch):
    """They are for other thresholds: 0.25 is below all that this file has."""
    write_generator(tmp_path / "tiny.safetensors", tiny_tabulated())
    monkeypatch.chdir(tmp_path)
    command("tiny.safetensors", *flags(data, metrics="('fd','is')"), "--truncation=0.25")
    results = read_results("evaluation/results.jsonl")
    assert [r["protocol"]["truncation"] for r in results] == [None, 0.25]
    assert {r["protocol"]["standing_statistics"] for r in results} == {"3 batches of 16"}
    g = tiny_generator()
    images = to_uint8(g.generate(g.latents(range(60), 0, 0.25), np.arange(60) % 5, 0.25))
    fd = results[1]["metrics"]["fd_features"]
    assert fd == pytest.approx(expected_fd(images, data[1]), rel=1e-4)


def test_following_scores_each_checkpoint_once(tmp_path, data, command, monkeypatch):
    """A checkpoint that appears while it looks is scored too; the last step ends it."""
    opened = tiny_run(tmp_path / "run", step=3, **{"train.steps": 9})
    monkeypatch.setattr(follow, "POLL_SECONDS", 0.05)
    shapes = abstract_state(opened)

    def later():
        state = drawn(shapes)
        state = state.replace(average=jax.tree.map(lambda x: 0.5 * x, state.average))
        state = jax.device_put(state.replace(step=np.int32(9)),
                               jax.tree.map(lambda x: x.sharding, shapes))  # fmt: skip
        with Checkpoints(tmp_path / "run" / "checkpoints") as checkpoints:
            checkpoints.save(9, state)

    writer = threading.Timer(0.5, later)
    writer.start()
    command(tmp_path / "run", *flags(data), "--follow", "--patience=60")
    writer.join()
    results = read_results(tmp_path / "run" / "results.jsonl")
    assert [r["protocol"]["step"] for r in results] == [3, 9]
    g = load(tmp_path / "run")
    images = to_uint8(g.generate(g.latents(range(60)), np.arange(60) % 5))
    fd = results[1]["metrics"]["fd_features"]
    assert fd == pytest.approx(expected_fd(images, data[1]), rel=1e-4)
    assert fd != pytest.approx(results[0]["metrics"]["fd_features"], rel=1e-2)
    assert (tmp_path / "run" / "scores.png").exists()
    command(tmp_path / "run", *flags(data), "--follow")
    assert len(read_results(tmp_path / "run" / "results.jsonl")) == 2


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
        (("few", *flags(data, 0), "--follow"), ["--follow", "no run"]),
        (("few", *flags(data, 0), "--truncation=0.5"), ["needs a generator"]),
        (("run", *flags(data), "--truncation=1:0:1"), ["FIRST:LAST:STEP"]),
        (("run", *flags(data), "--truncation=9"), ["truncation = 9", "up to 4"]),
        (("few", *one, "--config.evaluate.metrics=('recognition',)"), ["one class only"]),
        (("few", *one, "--config.evaluate.metrics=('probe',)"), ["one class only"]),
        (("few", *one, "--config.evaluate.metrics=('fd_per_class',)"), ["no class 'Ankle boot'"]),
        (("run", *flags(data, metrics="('fid',)")), ["unknown metrics ['fid']", "fd, kd"]),
        (("run", *flags(data, split="test")), ["no split 'test'"]),
        (("run", "--config.evaluate.extractor=inception",
          "--config.evaluate.weights_file=other.pth"), ["other.pth has SHA-256"]),
        (("run", "--config.evaluate.extractor=inception",
          "--config.evaluate.weights_file=no.pth"), ["weights_file = 'no.pth': no such file"]),
        (("few", *flags(data, 9)), ["9 images for 10 splits", "10 or more"]),
        (("run", "--config.evaluate.extractor=encoder"), ["no encoder"]),
        (("few", *flags(data, 0, extractor="discriminator")), ["needs a run"]),
        (("run", *flags(data, bootstrap_rounds=1)), ["bootstrap_rounds = 1"]),
    ]:  # fmt: skip
        message = command(*argv)
        assert message.startswith("jaxgan evaluate: ") and "\n" not in message, message
        assert all(word in message for word in words), message
    assert not list(tmp_path.glob("*/results.jsonl"))


def test_results_are_plain_json(tmp_path, data, command):
    tiny_run(tmp_path / "run")
    command(tmp_path / "run", *flags(data))
    line = (tmp_path / "run" / "results.jsonl").read_text()
    assert json.loads(line, parse_constant=pytest.fail)["protocol"]["size"] == [8, 8, 1]
