import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.evaluate.extractors.extractor import Extractor
from jaxgan.evaluate.features import extract, features_of_arrays
from jaxgan.evaluate.metrics.frechet import frechet_of_samples
from jaxgan.evaluate.metrics.kid import kernel_distance
from jaxgan.evaluate.metrics.per_class import per_class_frechet
from jaxgan.evaluate.score import METRICS, divided, score, score_features

EXTRACTOR = Extractor("tiny", (), lambda w, x: (x[:, 0, :, 0], 3.0 * x[:, 0, :4, 0]), "0" * 64, {})


def batches(seed, count, shift=0.0, labelled=True):
    rng = np.random.default_rng(seed)
    x = np.clip(rng.normal(size=(count, 1, 6, 1)) / 3 + shift, -1, 1).astype(np.float32)
    labels = np.arange(count, dtype=np.int32) % 2
    for i in range(0, count, 40):
        rows = slice(i, i + 40)
        yield (x[rows], labels[rows]) if labelled else x[rows]


def test_all_metrics_of_one_pass():
    found = score(batches(0, 100, 0.1), batches(1, 120), EXTRACTOR, METRICS, bootstrap_rounds=5)
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
    }  # fmt: skip
    assert all(isinstance(value, float) for value in found.values())
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
    (train, _), (test, _) = divided(real, None)
    assert len(train) == 270 and len(test) == 30 and not (train[:, None] == test[None]).all(2).any()


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
    with pytest.raises(ValueError, match=r"unknown metrics \['fid'\]: write some of fd, kd"):
        score(batches(0, 40), batches(1, 40), EXTRACTOR, ("fid",))
    with pytest.raises(ValueError, match="fd_per_class needs labels"):
        score(batches(0, 40, labelled=False), batches(1, 40), EXTRACTOR, ("fd_per_class",))
    wider = EXTRACTOR._replace(apply=lambda w, x: (jnp.tile(x[:, 0, :, 0], (1, 2)), x[:, 0, :, 0]))
    fake, real = extract(batches(0, 40), EXTRACTOR), extract(batches(1, 40), wider)
    with pytest.raises(ValueError, match="samples have 6 features, the reference 12"):
        score_features(fake, real, EXTRACTOR)
