"""The order of images: permutations, balance, and a fixed stream."""

import collections

import numpy as np
import pytest

from jaxgan.data import order as order_module
from jaxgan.data.order import (
    SMALL,
    balanced_order,
    epoch_order,
    fair_draw,
    keyed_permutation,
    permutation,
    stratified,
    version,
)


def test_permutation_is_fixed_forever():
    """A change here breaks the exact resume of every run."""
    assert permutation(10, 0, "epoch", 0).tolist() == [5, 7, 3, 1, 2, 6, 8, 9, 0, 4]
    assert SMALL == 65536 and version(SMALL) == 1 and version(SMALL + 1) == 2
    np.testing.assert_array_equal(
        epoch_order(SMALL, 0)(np.arange(3)), permutation(SMALL, 0, "epoch", 0)[:3]
    )
    places = epoch_order(10**9, 0)(np.arange(4))
    np.testing.assert_array_equal(places, keyed_permutation(np.arange(4), 10**9, 0, "epoch", 0))
    assert places.tolist() == [132735621, 80906783, 798522746, 850043474]


def test_a_fair_draw_takes_each_equally_often():
    draws = [fair_draw(3, 10, "test", seed) for seed in range(4000)]
    for draw in draws:
        assert len(draw) == 3 and np.all(np.diff(draw) > 0)
    counts = np.bincount(np.concatenate(draws), minlength=10)
    # standard deviation of each count is 29
    assert counts.shape == (10,) and np.abs(counts - 1200).max() < 120
    np.testing.assert_array_equal(fair_draw(3, 10, "test", 5), draws[5])


def test_a_fair_draw_of_very_many_needs_no_array_of_all(monkeypatch):
    monkeypatch.setattr(order_module, "permutation", None)
    draw = fair_draw(1000, 10**12, "x")
    assert len(np.unique(draw)) == 1000 and np.all(np.diff(draw) > 0)
    assert abs(draw.mean() / 10**12 - 0.5) < 0.05  # standard deviation 0.009
    monkeypatch.undo()
    np.testing.assert_array_equal(  # small sets: as it always was
        fair_draw(5, SMALL, "x"), np.sort(permutation(SMALL, "x")[:5])
    )


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


SIZES = [*range(1, 70), 127, 128, 129, 1000, 4095, 4097, 65537, 300_000, 1 << 20]


@pytest.mark.parametrize("name", [(0, "epoch", 0), (7, "class", 3, 2)])
def test_a_keyed_permutation_holds_each_once(name):
    for n in SIZES:
        found = keyed_permutation(np.arange(n), n, *name)
        np.testing.assert_array_equal(np.sort(found), np.arange(n), err_msg=str(n))


def test_an_entry_of_a_keyed_permutation_depends_on_its_place_only():
    n = 10**15
    places = np.random.default_rng(0).integers(0, n, (3, 40))
    whole = keyed_permutation(places, n, 5)
    assert whole.min() >= 0 and whole.max() < n and whole.dtype == np.int64
    for place, found in zip(places.ravel(), whole.ravel(), strict=True):
        assert keyed_permutation(np.asarray(place), n, 5) == found
    assert not (keyed_permutation(places, n, 6) == whole).any()


def chi_square(counts):
    """Return by how many standard deviations counts differ from equal ones."""
    expected = counts.mean()
    freedom = counts.size - 1
    return (((counts - expected) ** 2 / expected).sum() - freedom) / np.sqrt(2 * freedom)


@pytest.mark.parametrize("n", [5, 13, 16])
def test_over_keys_every_record_is_as_likely_at_every_place(n):
    counts = np.zeros((n, n))
    for key in range(1500):
        counts[np.arange(n), keyed_permutation(np.arange(n), n, key)] += 1
    # Rows and columns have given sums: (n - 1)^2 degrees of freedom
    freedom, expected = (n - 1) ** 2, counts.mean()
    statistic = ((counts - expected) ** 2 / expected).sum()
    assert abs(statistic - freedom) < 5 * np.sqrt(2 * freedom)


@pytest.mark.parametrize("n", [70_000, 1_281_167, 10**9])
def test_an_epoch_of_many_images_is_as_if_drawn(n):
    """Consecutive places: the records' range, last digits, differences, and another epoch."""
    count = 60_000
    start = (n - count) // 2
    one, two = (epoch_order(n, 3)(np.arange(start, start + count) + e * n) for e in (4, 5))
    if n > 20 * count:  # of an epoch that is nearly all drawn, ranges are more equal than by chance
        assert abs(chi_square(np.bincount(one * 200 // n, minlength=200))) < 5
        assert abs(chi_square(np.bincount(one % 251, minlength=251))) < 5
    assert len(np.unique(one)) == count
    assert abs(chi_square(np.bincount(np.diff(one) % n * 200 // n, minlength=200))) < 5
    assert abs(chi_square(np.bincount((two - one) % n * 200 // n, minlength=200))) < 5
    for x, y in ((one[1:], one[:-1]), (one, two), (one, np.arange(count))):
        assert abs(np.corrcoef(x, y)[0, 1]) < 5 / np.sqrt(count)


def test_large_epochs_and_classes_hold_each_image_once(monkeypatch):
    monkeypatch.setattr(order_module, "SMALL", 4)
    order = epoch_order(17, seed=3)
    epochs = order(np.arange(5 * 17)).reshape(5, 17)
    np.testing.assert_array_equal(np.sort(epochs), np.tile(np.arange(17), (5, 1)))
    labels = np.array([0] * 12 + [3] * 4)
    rounds = balanced_order(labels, 0)(np.arange(2 * 24)).reshape(24, 2)
    rounds = np.take_along_axis(rounds, np.argsort(labels[rounds]), 1)
    np.testing.assert_array_equal(np.sort(rounds[:, 0].reshape(2, 12)), [np.arange(12)] * 2)
    np.testing.assert_array_equal(np.sort(rounds[:, 1].reshape(6, 4)), [np.arange(12, 16)] * 6)


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
