import jax
import numpy as np
import pytest

from jaxgan.evaluate.metrics.probe import (
    _logistic_weights,
    accuracy,
    crelu,
    logistic_labels,
    neighbour_labels,
    ridge_labels,
)


def blobs(seed, count, spread=1.0):
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    return rng.normal(size=(count, 5)) * spread + 4 * np.eye(5)[labels], labels


@pytest.mark.parametrize("classifier", [ridge_labels, logistic_labels, neighbour_labels])
def test_separable_classes(classifier):
    found = classifier(*blobs(0, 150, 0.5), blobs(1, 60, 0.5)[0], 3)
    assert accuracy(found, blobs(1, 60, 0.5)[1]) == 1.0


@pytest.mark.parametrize("classifier", [ridge_labels, logistic_labels, neighbour_labels])
def test_no_signal_is_chance(classifier):
    rng = np.random.default_rng(0)
    train, test = rng.normal(size=(300, 5)), rng.normal(size=(600, 5))
    found = accuracy(classifier(train, np.arange(300) % 3, test, 3), np.arange(600) % 3)
    assert abs(found - 1 / 3) < 0.08  # four standard errors of 600 guesses


def test_ridge_is_the_normal_equation():
    x, y = blobs(2, 40, 3.0)
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    design = np.concatenate([z, np.ones((40, 1))], axis=1)
    penalty = np.diag([2.0] * 5 + [0.0])
    weights = np.linalg.solve(design.T @ design + penalty, design.T @ np.eye(3)[y])
    expected = (design @ weights).argmax(axis=1)
    np.testing.assert_array_equal(ridge_labels(x, y, x, 3, l2=2.0), expected)


def test_logistic_gradient_vanishes():
    x, y = blobs(3, 90, 3.0)
    x = x.astype(np.float32)
    solve = _logistic_weights
    kernel, bias = jax.device_get(solve(x, y.astype(np.int32), 3, 0.01))
    logits = x.astype(np.float64) @ kernel + bias
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    residual = (p - np.eye(3)[y]) / 90
    # The solver stops at a gradient of 1e-5.
    assert np.abs(x.T @ residual + 0.01 * kernel).max() < 2e-5
    assert np.abs(residual.sum(axis=0)).max() < 2e-5


def test_neighbours_vote_and_ties_go_to_the_nearest():
    train, labels = np.array([[0.0], [1], [2], [10]]), np.array([0, 1, 1, 2])
    np.testing.assert_array_equal(neighbour_labels(train, labels, np.array([[0.1]]), 3, k=3), [1])
    np.testing.assert_array_equal(neighbour_labels(train, labels, np.array([[0.1]]), 3, k=2), [0])
    np.testing.assert_array_equal(neighbour_labels(train, labels, np.array([[0.9]]), 3, k=2), [1])


def test_crelu_keeps_both_signs_apart():
    train, test = np.array([[1.0], [3.0]]), np.array([[5.0], [1.0]])
    parts = crelu(train, test)
    np.testing.assert_array_equal(parts[0], [[0, 1], [1, 0]])
    np.testing.assert_array_equal(parts[1], [[3, 0], [0, 1]])


def test_a_constant_feature_does_no_harm():
    x, y = blobs(4, 90, 0.5)
    x[:, 4] = 7.0
    assert accuracy(ridge_labels(x, y, x, 3), y) == 1.0
