"""Retrieval against a loop over pairs, a constant output and a perfect one."""

import numpy as np
import pytest

from jaxgan.evaluate.features import Features
from jaxgan.evaluate.metrics import retrieval
from jaxgan.evaluate.metrics.metric import Inputs
from tests.data.image_kinds import random_images

RNG = np.random.default_rng(0)


def plain_ranks(made, true):
    distances = [[np.linalg.norm(np.float64(m) - t) for t in true] for m in made]
    return [sum(d < row[i] for d in row) for i, row in enumerate(distances)]


def test_ranks_are_those_of_a_loop():
    true = RNG.normal(size=(40, 5))
    made = np.float32(true + RNG.normal(size=true.shape))
    found = retrieval.ranks(made, np.float32(true))
    np.testing.assert_array_equal(found, plain_ranks(made, np.float32(true)))
    assert 0 < (found < 1).mean() < (found < 5).mean() < 1  # not a trivial case


def test_equal_pictures_are_no_nearer_than_ones_own():
    true = np.repeat(RNG.normal(size=(6, 50)), 2, 0)
    assert not retrieval.ranks(true + 0.01, true).any()


def test_a_constant_output_is_chance():
    """Whatever it shows, it has rank 0 for one picture, 1 for the next, and so on."""
    true = RNG.normal(size=(30, 4))
    found = retrieval.ranks(np.zeros((30, 4)), true)
    assert sorted(found) == list(range(30))


def test_everything_has_another_partner():
    for count in (2, 3, 10, 101):
        found = retrieval.others(count, seed=3)
        assert sorted(found) == list(range(count)) and (found != np.arange(count)).all()
    assert (retrieval.others(101, 4) != found).any()


def inputs(made, true, copies, **fields):
    labels = np.zeros(len(made), np.int32)
    parts = {"fake_pixels": made, "real_pixels": true, "source_pixels": copies}
    return Inputs(**{name: (x, labels) for name, x in parts.items()}, **fields)


def test_all_three_rows():
    """A true output, the nearest caption's picture, and what another caption gave."""
    true = np.float32(RNG.uniform(-1, 1, (25, 4, 4, 3)))
    copies = true.copy()
    copies[:10] = true[10:20]  # 10 wrong ones
    found = retrieval.of_pixels(inputs(true, true, copies)).values
    assert found["r1"] == found["r5"] == 1.0
    assert found["r1_copy"] == pytest.approx(0.6)
    partners = true[retrieval.others(25, 2020)].reshape(25, -1)
    shuffled = np.array(plain_ranks(partners, true.reshape(25, -1)))
    assert found["r1_shuffled"] == 0 and found["r5_shuffled"] == (shuffled < 5).mean() < 0.5
    assert set(found) == set(retrieval.RETRIEVAL.gives)


def test_small_sources_are_enlarged_to_the_size_of_the_truth():
    small = np.float32(RNG.uniform(-1, 1, (12, 2, 2, 3)))
    true = small.repeat(4, 1).repeat(4, 2)
    found = retrieval.of_pixels(inputs(true, true, small)).values
    assert found["r1"] == found["r1_copy"] == 1.0


def test_features_are_compared_by_their_angle():
    pixels = random_images((12, 2, 2, 1))
    true = RNG.normal(size=(12, 6))
    of = lambda x: Features(12, x.mean(0), np.cov(x.T), x, np.zeros((12, 0)), None)
    seen = []

    def features_of(images):
        seen.append(images)
        return np.roll(true, 1, 0)

    floats = np.float32(pixels / 127.5 - 1)
    scales = RNG.uniform(1, 9, (12, 1))
    found = retrieval.of_features(
        inputs(floats, floats, floats, fake=of(scales * true), real=of(true),
               features_of=features_of)
    ).values  # fmt: skip
    assert found["r1*"] == 1.0 and found["r1*_copy"] == 0.0
    np.testing.assert_array_equal(seen[0], pixels)
    assert set(found) == set(retrieval.RETRIEVAL_FEATURES.gives)
