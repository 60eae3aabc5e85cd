import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.evaluate.extractors.extractor import Extractor
from jaxgan.evaluate.features import extract, features_of_arrays
from jaxgan.evaluate.metrics.frechet import frechet_of_samples
from jaxgan.evaluate.metrics.kid import kernel_distance
from jaxgan.evaluate.metrics.per_class import per_class_frechet
from jaxgan.evaluate.metrics.table import METRICS
from jaxgan.evaluate.score import OF_FEATURES, score, score_features

EXTRACTOR = Extractor("tiny", (), lambda w, x: (x[:, 0, :, 0], 3.0 * x[:, 0, :4, 0]), "0" * 64, {})


def batches(seed, count, shift=0.0, labelled=True):
    rng = np.random.default_rng(seed)
    x = np.clip(rng.normal(size=(count, 1, 6, 1)) / 3 + shift, -1, 1).astype(np.float32)
    labels = np.arange(count, dtype=np.int32) % 2
    for i in range(0, count, 40):
        rows = slice(i, i + 40)
        yield (x[rows], labels[rows]) if labelled else x[rows]


def test_all_metrics_of_one_pass():
    found = score(batches(0, 100, 0.1), batches(1, 120), EXTRACTOR, OF_FEATURES, bootstrap_rounds=5)
    fake, real = extract(batches(0, 100, 0.1), EXTRACTOR), extract(batches(1, 120), EXTRACTOR)
    assert found["fd_tiny"] == pytest.approx(
        frechet_of_samples(fake.features, real.features), rel=1e-6
    )
    kernel = kernel_distance(fake.features, real.features)
    assert found["kd_tiny"] == kernel.mean and found["kd_tiny_std"] == kernel.std
    classes = per_class_frechet(fake.features, fake.labels, real.features, real.labels)
    assert found["fd_tiny_per_class"] == pytest.approx(np.mean(list(classes.values())))
    assert set(found) == {
        "fd_tiny", "fd_tiny_std", "fd_tiny_infinity", "fd_tiny_per_class",
        "kd_tiny", "kd_tiny_std", "kd_tiny_unbiased", "is_tiny", "is_tiny_std",
        "precision_tiny", "precision_tiny_std", "recall_tiny", "recall_tiny_std",
        "density_tiny", "density_tiny_std", "coverage_tiny", "coverage_tiny_std",
        "memorised_tiny", "repeated_tiny", "accuracy_score_tiny", "accuracy_score_tiny_real",
        "mind_tiny", "cmmd_tiny", "linear_probe_tiny", "knn_tiny",
    }  # fmt: skip
    assert all(isinstance(value, float) for value in found.values())
    names = {n for m in OF_FEATURES for n in METRICS[m].names(EXTRACTOR, 5)}
    assert names == set(found)  # what the table announces is what is given
    scores = score_features(fake, real, EXTRACTOR, ("fd_per_class", "accuracy_score"))
    assert scores.classes["fd_tiny_per_class"] == classes
    assert set(scores.classes["accuracy_score_tiny"]) == {0, 1}


def test_the_accuracy_score_tests_on_images_that_its_oracle_does_not_know():
    """Labels at random: a classifier that saw the test images would do better than chance."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 250)).astype(np.float32)
    real = features_of_arrays(x, labels=rng.integers(0, 2, 300).astype(np.int32))
    found = score_features(real, real, EXTRACTOR, ("accuracy_score",)).values
    assert found["accuracy_score_tiny"] > 0.9 > 0.75 > found["accuracy_score_tiny_real"]


def test_worse_samples_score_worse_and_the_error_bar_knows_noise_from_signal():
    real = extract(batches(1, 400), EXTRACTOR)
    near = score(batches(2, 400), real, EXTRACTOR, bootstrap_rounds=20)
    far = score(batches(3, 400, 0.5), real, EXTRACTOR)
    assert far["fd_tiny"] - near["fd_tiny"] > 10 * near["fd_tiny_std"] > 0
    assert far["kd_tiny"] > near["kd_tiny"]
    assert far["precision_tiny"] < near["precision_tiny"]
    assert far["recall_tiny"] < near["recall_tiny"]


def test_names_of_the_original_network():
    found = score(batches(0, 40), batches(1, 40), EXTRACTOR._replace(name="inception"))
    assert {"fid", "kid", "kid_std", "kid_unbiased", "is", "is_std"} <= set(found)


def test_errors():
    with pytest.raises(
        ValueError, match=r"no metric 'fid': did you mean 'fd'\? write some of fd, k"
    ):
        score(batches(0, 40), batches(1, 40), EXTRACTOR, ("fid",))
    with pytest.raises(ValueError, match="no metric 'interpolation': write some of"):
        score(batches(0, 40), batches(1, 40), EXTRACTOR, ("interpolation",))
    with pytest.raises(ValueError, match="seed = 4294967296: write a whole number from 0 to"):
        score(batches(0, 40), batches(1, 40), EXTRACTOR, seed=2**32)
    with pytest.raises(ValueError, match="fd_per_class needs labels"):
        score(batches(0, 40, labelled=False), batches(1, 40), EXTRACTOR, ("fd_per_class",))
    wider = EXTRACTOR._replace(apply=lambda w, x: (jnp.tile(x[:, 0, :, 0], (1, 2)), x[:, 0, :, 0]))
    fake, real = extract(batches(0, 40), EXTRACTOR), extract(batches(1, 40), wider)
    with pytest.raises(ValueError, match="samples have 6 features, the reference 12"):
        score_features(fake, real, EXTRACTOR)


def test_classifiers_on_data_in_the_order_of_its_classes():
    """Separable by one feature each: all that was held out is right. (The last tenth would be
    the whole of the last class, which the classifiers then have never seen: 0 to 0.2.)"""
    labels = np.repeat(np.arange(12, dtype=np.int32), 20)
    noise = 0.01 * np.random.default_rng(0).normal(size=(240, 12))
    x = (np.eye(12)[labels] + noise).astype(np.float32)
    real = features_of_arrays(x, labels=labels)
    found = score_features(real, real, EXTRACTOR, ("accuracy_score", "probe")).values
    assert set(found.values()) == {1.0} and len(found) == 4
    # The oracle of few samples, too, knows all classes.
    few = features_of_arrays(x[::10], labels=labels[::10])
    assert score_features(few, real, EXTRACTOR, ("accuracy_score",)).values == {
        "accuracy_score_tiny": 1.0,
        "accuracy_score_tiny_real": 1.0,
    }
