"""What every public function of the metrics refuses, and how it names it."""

import numpy as np
import pytest

from jaxgan.evaluate.features import features_of_arrays
from jaxgan.evaluate.metrics.accuracy_score import classification_accuracy_score
from jaxgan.evaluate.metrics.bootstrap import standard_error
from jaxgan.evaluate.metrics.checks import labels_of
from jaxgan.evaluate.metrics.cmmd import gaussian_distance
from jaxgan.evaluate.metrics.frechet import frechet_distance, frechet_infinity, frechet_of_samples
from jaxgan.evaluate.metrics.inception_score import inception_score
from jaxgan.evaluate.metrics.kid import kernel_distance
from jaxgan.evaluate.metrics.neighbours import copy_rates, nearest, own_distances
from jaxgan.evaluate.metrics.per_class import per_class_frechet
from jaxgan.evaluate.metrics.precision_recall import membership
from jaxgan.evaluate.metrics.probe import accuracy, logistic_labels, neighbour_labels, ridge_labels
from jaxgan.evaluate.metrics.recognition import diversity, recognition
from jaxgan.evaluate.metrics.sliced import sliced_distance

X = np.random.default_rng(0).normal(size=(20, 4))
Y = np.arange(20) % 2
PAIRS = {
    "fd": frechet_of_samples,
    "kd": kernel_distance,
    "mind": sliced_distance,
    "cmmd": gaussian_distance,
    "nearest": lambda a, b: nearest(a, b, 2),
    "copies": copy_rates,
    "precision": membership,
    "fd_per_class": lambda a, b: per_class_frechet(a, Y, b, Y),
    "ridge": lambda a, b: ridge_labels(a, Y, b, 2),
    "logistic": lambda a, b: logistic_labels(a, Y, b, 2),
    "knn": lambda a, b: neighbour_labels(a, Y, b, 2),
    "accuracy_score": lambda a, b: classification_accuracy_score((a, Y), (X, Y), (b, Y), 2),
}


def spoilt(value, row=7):
    x = X.copy()
    x[row, 2] = value
    return x


@pytest.mark.parametrize("metric", PAIRS)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_name_the_row(metric, value):
    for pair in ((spoilt(value), X), (X, spoilt(value))):
        with pytest.raises(ValueError, match=r"row 7 \(of 20\): not finite"):
            PAIRS[metric](*pair)


@pytest.mark.parametrize("metric", PAIRS)
def test_unequal_widths(metric):
    with pytest.raises(ValueError, match=r"has \d columns and"):
        PAIRS[metric](X, X[:, :3])
    with pytest.raises(ValueError, match=r"has \d columns and"):
        PAIRS[metric](X[:, :1], X)


@pytest.mark.parametrize("metric", PAIRS)
def test_empty_sets(metric):
    with pytest.raises(ValueError, match=r"rows|images|samples|labels|integers"):
        PAIRS[metric](X[:0], X)


def test_the_frechet_distance_of_moments():
    mean, covariance = np.zeros(4), np.eye(4)
    with pytest.raises(ValueError, match=r"mean2 has shape \[1\]: write \[4\]"):
        frechet_distance(mean, covariance, np.zeros(1), np.eye(1))
    with pytest.raises(ValueError, match=r"covariance2 has shape \[3, 3\]: write \[4, 4\]"):
        frechet_distance(mean, covariance, mean, np.eye(3))
    with pytest.raises(ValueError, match=r"mean1, row 1 \(of 4\): not finite"):
        frechet_distance(np.array([0, np.nan, 0, 0]), covariance, mean, covariance)
    with pytest.raises(ValueError, match=r"covariance1, row 2 \(of 4\): not finite"):
        frechet_distance(mean, np.diag([1, 1, np.inf, 1]), mean, covariance)


def test_one_set():
    with pytest.raises(ValueError, match=r"logits, row 7 \(of 20\): not finite"):
        inception_score(spoilt(np.inf))
    with pytest.raises(ValueError, match=r"logits of shape \[20\]"):
        inception_score(X[:, 0])
    with pytest.raises(ValueError, match=r"features, row 7 \(of 20\): not finite"):
        own_distances(spoilt(np.nan))
    with pytest.raises(ValueError, match="features has 1 rows: write 2 or more"):
        own_distances(X[:1])
    real = features_of_arrays(X)
    with pytest.raises(ValueError, match=r"features, row 7 \(of 20\): not finite"):
        frechet_infinity(spoilt(np.nan), real)
    with pytest.raises(ValueError, match="features has 3 columns and the reference 4"):
        frechet_infinity(X[:, :3], real)


@pytest.mark.parametrize("seed", [-1, 2**32, 2**40, 1.5, True, None])
def test_seeds_out_of_range(seed):
    real = features_of_arrays(X)
    for call in (
        lambda: kernel_distance(X, X, seed=seed),
        lambda: sliced_distance(X, X, seed=seed),
        lambda: frechet_infinity(X, real, seed=seed),
        lambda: standard_error(np.mean, 5, seed=seed),
        lambda: inception_score(X, seed="1" if seed is None else seed),  # None keeps the order
    ):
        with pytest.raises(
            ValueError, match=r"seed = .*: write a whole number from 0 to 4294967295"
        ):
            call()


def test_labels():
    with pytest.raises(ValueError, match=r"x is float64\[2\]: write integers \[2\]"):
        labels_of("x", np.zeros(2), 2)
    with pytest.raises(ValueError, match=r"labels is int64\[19\]: write integers \[20\]"):
        per_class_frechet(X, Y[:19], X, Y)
    for classifier in (ridge_labels, logistic_labels, neighbour_labels):
        with pytest.raises(ValueError, match="train_labels from 0 to 1: write 0 to 0"):
            classifier(X, Y, X, 1)
        with pytest.raises(ValueError, match="train_labels from -1 to 0: write 0 to 1"):
            classifier(X, Y - 1, X, 2)
    with pytest.raises(ValueError, match="0 predictions and 0 labels"):
        accuracy(Y[:0], Y[:0])
    with pytest.raises(ValueError, match="2 predictions and 3 labels"):
        accuracy(Y[:2], Y[:3])


def test_images_of_recognition():
    images = np.zeros((20, 4, 4, 1), np.float32)
    bad = images.copy()
    bad[3, 1, 1] = np.nan
    with pytest.raises(ValueError, match=r"samples, row 3 \(of 20\): not finite"):
        recognition((images, Y), (bad, Y), 2)
    with pytest.raises(ValueError, match=r"real: images of shape \[2, 4, 4, 1\].*two images"):
        recognition((images[:2], Y[:2]), (images, Y), 2)
    with pytest.raises(ValueError, match=r"labels is int64\[3\]"):
        diversity(images, Y[:3])


def test_share_of_copies():
    with pytest.raises(ValueError, match=r"share = 1\.5: write a number from 0 to 1"):
        copy_rates(X, X, share=1.5)
