"""The order of images: permutations, balance, and a fixed stream."""

import collections

import numpy as np
import pytest

from jaxgan.data.order import balanced_order, epoch_order, fair_draw, permutation, stratified


def test_permutation_is_fixed_forever():
    """A change here breaks the exact resume of every run."""
    assert permutation(10, 0, "epoch", 0).tolist() == [5, 7, 3, 1, 2, 6, 8, 9, 0, 4]


def test_a_fair_draw_takes_each_equally_often():
    draws = [fair_draw(3, 10, "test", seed) for seed in range(4000)]
    for draw in draws:
        assert len(draw) == 3 and np.all(np.diff(draw) > 0)
    counts = np.bincount(np.concatenate(draws), minlength=10)
    # standard deviation of each count is 29
    assert counts.shape == (10,) and np.abs(counts - 1200).max() < 120
    np.testing.assert_array_equal(fair_draw(3, 10, "test", 5), draws[5])


@pytest.mark.parametrize("count", [10, 11])
def test_a_fair_draw_of_all_is_all(count):
    np.testing.assert_array_equal(fair_draw(count, 10, "x"), np.arange(10))
    assert fair_draw(0, 10, "x").size == 0


@pytest.mark.parametrize("n", [1, 2, 7, 1000])
def test_permutation_holds_each_once(n):
    assert sorted(permutation(n, "x")) == list(range(n))


def test_permutations_are_uniform():
    counts = collections.Counter(tuple(permutation(3, seed)) for seed in range(6000))
    assert len(counts) == 6
    # standard deviation of each count is 29
    assert all(abs(count - 1000) < 120 for count in counts.values())


def test_every_epoch_holds_every_image_once():
    order = epoch_order(17, seed=3)
    epochs = order(np.arange(5 * 17)).reshape(5, 17)
    for epoch in epochs:
        assert sorted(epoch) == list(range(17))
    assert len({tuple(epoch) for epoch in epochs}) == 5


def test_order_is_a_function_of_position_only():
    whole = epoch_order(17, 3)(np.arange(100))
    order = epoch_order(17, 3)
    shuffled = np.random.default_rng(0).permutation(100).reshape(10, 10)
    np.testing.assert_array_equal(order(shuffled), whole[shuffled])
    assert not np.array_equal(epoch_order(17, 4)(np.arange(100)), whole)


def test_balanced_order_shows_classes_equally_and_images_evenly():
    labels = np.array([0] * 50 + [2] * 5 + [5] * 1)  # 1, 3 and 4 have no images
    order = balanced_order(labels, seed=0)
    indices = order(np.arange(3 * 100))
    assert collections.Counter(labels[indices].tolist()) == {0: 100, 2: 100, 5: 100}
    counts = np.bincount(indices, minlength=len(labels))
    np.testing.assert_array_equal(counts, [2] * 50 + [20] * 5 + [100])
    for turn in labels[indices].reshape(100, 3):  # each round holds each class once
        assert sorted(turn) == [0, 2, 5]


def test_a_class_is_shown_in_another_order_each_time():
    first, second = balanced_order(np.zeros(30, int), seed=0)(np.arange(60)).reshape(2, 30)
    assert sorted(first) == sorted(second) == list(range(30))
    assert not np.array_equal(first, second)


def test_balanced_order_is_a_function_of_position_only():
    labels = np.random.default_rng(0).integers(0, 7, 60)
    whole = balanced_order(labels, 1)(np.arange(400))
    shuffled = np.random.default_rng(1).permutation(400).reshape(2, 5, 40)
    np.testing.assert_array_equal(balanced_order(labels, 1)(shuffled), whole[shuffled])


@pytest.mark.parametrize(("count", "expected"), [(17, [10, 5, 2]), (34, [20, 10, 4]), (1, None)])
def test_a_stratified_draw_keeps_the_proportions(count, expected):
    labels = np.repeat([3, 5, 9], [100, 50, 20])
    found = stratified(labels, count, "x")
    assert len(found) == len(set(found.tolist())) == count and (np.diff(found) > 0).all()
    if expected:
        assert [int((labels[found] == label).sum()) for label in (3, 5, 9)] == expected
    np.testing.assert_array_equal(stratified(labels, count, "x"), found)
    assert not np.array_equal(stratified(labels, count, "y"), found)
    np.testing.assert_array_equal(stratified(labels, 200, "x"), np.arange(170))


def test_a_stratified_draw_is_fair():
    """Labels with one entry each: which of them are drawn is by lot, each with chance 3 / 10."""
    counts = np.zeros(10)
    for seed in range(500):
        counts[stratified(np.arange(10), 3, seed)] += 1
    assert np.abs(counts - 150).max() < 5 * np.sqrt(500 * 0.3 * 0.7)
