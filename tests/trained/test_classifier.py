"""Domain adaptation from folders to a score: labels of the source alone, moments of the target."""

from functools import partial

import jax
import numpy as np
import pytest
from PIL import Image

from jaxgan import main
from jaxgan.config import default_config
from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.reader import Reader
from jaxgan.data.records import open_records
from jaxgan.evaluate.results import read_results
from jaxgan.media.adaptation import medium
from jaxgan.media.pixels import to_float
from jaxgan.trained import classifier
from jaxgan.training.run import resolve
from tests.data.image_kinds import stored_images
from tests.data.prepare.test_pairs import write
from tests.models.test_pix2pix import FAST
from tests.tiny import run_of

CLASSES = ("high", "low")


def digits(n, seed, clutter=False):
    """Return images of 16 x 16 of two classes, a bar high or low, and their classes."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n)
    images = np.zeros((n, 16, 16), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[2 + 8 * label : 6 + 8 * label] = rng.integers(150, 256)
    noise = rng.integers(0, 120, images.shape) if clutter else 0
    return np.maximum(images, noise).astype(np.uint8), labels


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Source and target by class; the target's classes have other names, which nobody reads."""
    place = tmp_path_factory.mktemp("adaptation")
    for name, count, clutter in (("source", 20, False), ("target", 15, True), ("test", 12, True)):
        images, labels = digits(count, len(name), clutter)
        for label, own in enumerate(("secret", "also") if name == "target" else CLASSES):
            write(place / name / own, images[labels == label])
    prepare(place / "source", place / "data", domains=str(place / "target"), order="source")
    return place


def config_of(folder, **fields):
    config = default_config("domains", "domains")
    config.data.update(name=str(folder / "data"), medium="adaptation", size=(16, 16))
    config.model.update(width=2, hidden=4)
    for player in (config.generator, config.discriminator):
        player.update(spectral_norm=False, orthogonal=0.0, b1=0.5)
    config.train.update(steps=2, batch=8, num_d_steps=1, log_every=1)
    config.train.update(sample_every=1, checkpoint_every=2)
    config.sample.update(standing_batches=2, standing_batch=8)
    config.watch.every = 0
    config.evaluate.update(metrics=("target_accuracy",), reference=str(folder / "test"))
    config.update_from_flattened_dict(fields)
    return config


def test_labels_are_the_sources(folder):
    """A record has the class of its source image, whichever target image it was joined with; the
    names and numbers of the target's classes are nowhere in the data set."""
    records = open_records(folder / "data")
    assert tuple(records.class_names) == CLASSES
    joined, labels = stored_images(folder / "data"), records.labels()
    bright = joined[..., 0].mean(2).reshape(len(joined), 2, 8).mean(2)
    np.testing.assert_array_equal(bright.argmax(1), labels)
    for file in (folder / "data").iterdir():
        assert b"secret" not in file.read_bytes(), file
    config = resolve(config_of(folder), records, 1)
    with Reader(records, medium(config.data)) as reader:
        batch = reader.read(np.arange(20))
    np.testing.assert_array_equal(batch.sample.source[..., 0], joined[..., 0])
    np.testing.assert_array_equal(batch.sample.target[..., 0], joined[..., 1])
    np.testing.assert_array_equal(batch.condition, labels)
    seen = medium(config.data).to_float(batch)
    assert seen.sample.source.max() <= 1 and seen.sample.target.min() >= -1  # one range for both


def test_channels_must_agree(folder):
    records = open_records(folder / "data")
    config = resolve(config_of(folder), records, 1)
    with config.unlocked():
        config.data.update(channels=4)
    with pytest.raises(ValueError, match=r"source_channels = 1 of 4 channels: .* --channels=3"):
        medium(config.data)


@pytest.fixture(scope="module")
def run(folder):
    config = resolve(config_of(folder), open_records(folder / "data"))
    return run_of(folder / "run", config)


def test_it_is_the_network_of_training_with_the_targets_moments(folder, run):
    found = classifier.load(folder / "run")
    images, _ = digits(5, 3, clutter=True)
    images = images[..., None]
    side, records = run.game.players["generator"].side, open_records(folder / "data")
    with Reader(records, run.medium) as reader:
        places = np.random.default_rng(0).permutation(len(records))  # equal targets stay together
        targets = reader.read(places[:16]).sample.target
    moments = jax.jit(partial(side.moments, "predict"), compiler_options=FAST)
    means = moments({"params": found.variables["params"]}, to_float(targets[:8]))
    mean = np.asarray(means["encoder"]["norm_0"]["mean"])
    standing = np.asarray(found.variables["batch_stats"]["encoder"]["norm_0"]["mean"])
    assert np.abs(standing - mean).max() < 0.3 * np.abs(mean).max()  # of other target images
    predict = jax.jit(side.calls["predict"], compiler_options=FAST)
    logits = np.asarray(predict(found.variables, to_float(images)))
    np.testing.assert_array_equal(found.classify(images), logits.argmax(-1))
    np.testing.assert_array_equal(found.classify(images[3:]), found.classify(images)[3:])
    with pytest.raises(ValueError, match=r"images are float64 \[5, 16, 16, 1\]: write uint8"):
        found.classify(images / 255)


def test_the_score(folder, run):
    """The metric is the share of right names, and its classes are the reference's."""
    assert main.main(["evaluate", str(folder / "run")]) == 0
    result = read_results(folder / "run" / "results.jsonl")[-1]
    found, images, labels = classifier.load(folder / "run"), [], []
    for label, name in enumerate(CLASSES):
        for file in sorted((folder / "test" / name).iterdir()):
            images.append(np.asarray(Image.open(file))[..., None])
            labels.append(label)
    right = found.classify(np.stack(images)) == np.array(labels)
    assert result["metrics"] == {"target_accuracy": pytest.approx(right.mean())}
    by_class = result["classes"]["target_accuracy"]
    expected = {name: right[np.array(labels) == i].mean() for i, name in enumerate(CLASSES)}
    assert by_class == pytest.approx(expected)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["evaluate", "RUN", "--config.evaluate.metrics=fd"], "makes no samples for fd: write"),
        (["evaluate", "RUN", "--config.evaluate.reference="], "evaluate.reference is empty: write"),
        (["sample", "RUN"], "model 'domains' makes no samples: write jaxgan evaluate"),
        (["explore", "RUN"], "model 'domains' makes no samples: write jaxgan evaluate"),
        (["translate", "RUN", "photos"], "model 'domains' makes no samples: write jaxgan evaluate"),
        (["export", "RUN"], "model 'domains' makes no samples: write jaxgan evaluate"),
    ],
)
def test_what_needs_samples_says_what_to_write(folder, run, words, message):
    with pytest.raises(ValueError, match=message):
        main.main([str(folder / "run") if word == "RUN" else word for word in words])


@pytest.mark.slow
def test_a_training_without_sheets(folder, tmp_path, capsys):
    """It ends with a checkpoint, a log and no picture; looks at samples are refused at once."""
    config = config_of(folder)
    lines = ["from jaxgan.config import default_config", "", "", "def get_config():"]
    lines.append("    config = default_config('domains', 'domains')")
    for name, values in config.to_dict().items():
        if isinstance(values, dict):
            lines.append(f"    config.{name}.update({values!r})")
    (tmp_path / "tiny.py").write_text("\n".join([*lines, "    return config", ""]))
    argv = ["train", f"--config={tmp_path / 'tiny.py'}", f"--workdir={tmp_path / 'run'}"]
    with pytest.raises(ValueError, match=r"watch.every = 5: this game makes no samples to look"):
        main.main([*argv, "--config.watch.every=5"])
    assert not (tmp_path / "run").exists()
    assert main.main(argv) == 0
    assert not list((tmp_path / "run").rglob("*.png"))
    assert (tmp_path / "run" / "metrics.jsonl").read_text().count("g/lambda") == 2
    said = capsys.readouterr().out
    assert "jaxgan evaluate" in said and "jaxgan explore" not in said and "note:" not in said
