"""Label agreement: by hand on a few pixels, and at its ends."""

import numpy as np
import pytest

from jaxgan.evaluate.metrics.metric import Inputs
from jaxgan.evaluate.metrics.segmentation import agreement, compute, palette, segmented
from jaxgan.media.maps import IGNORED


def test_scores_by_hand():
    """Class 0: 2 of 3 right, union 4; class 2: 1 of 2, union 3; a pixel of none is left out."""
    maps = np.array([[[0, 0, 0], [2, 2, IGNORED]]])
    named = np.array([[[0, 0, 2], [2, 0, 1]]])
    found = agreement(named, maps)
    assert found["pixel_accuracy"] == pytest.approx(3 / 5)
    assert found["class_accuracy"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert found["miou"] == pytest.approx((2 / 4 + 1 / 3) / 2)


def test_the_nearest_mean_colour():
    maps = np.array([[[0, 0, 2, IGNORED]]])
    pictures = np.array([[[[0.0, 0.2], [0.2, 0.0], [1.0, 1.0], [9.0, 9.0]]]])
    colours = palette(pictures, maps)
    np.testing.assert_allclose(colours[[0, 2]], [[0.1, 0.1], [1.0, 1.0]])
    assert np.isnan(colours[1]).all()
    np.testing.assert_array_equal(segmented(pictures, colours), [[[0, 0, 2, 2]]])


def test_a_perfect_translator_has_the_truths_score_and_a_blind_one_has_not():
    rng = np.random.default_rng(0)
    maps = rng.integers(0, 3, (4, 8, 8, 1))
    colours = np.array([[-0.8, 0.0, 0.3], [0.1, 0.9, -0.5], [0.7, -0.6, 0.0]])
    true = (colours[maps[..., 0]] + rng.normal(0, 0.1, (4, 8, 8, 3))).astype(np.float32)
    labels = np.zeros(4, np.int32)
    sources = (np.float32(maps / 127.5 - 1), labels)

    def scores(made):
        return compute(
            Inputs(fake_pixels=(made, labels), real_pixels=(true, labels), source_pixels=sources)
        ).values

    perfect = scores(true)
    assert perfect["miou"] == perfect["miou_truth"] > 0.99
    blind = scores(np.broadcast_to(true.mean((0, 1, 2), keepdims=True), true.shape))
    assert blind["pixel_accuracy"] < 0.5 and blind["miou"] < 0.25 < blind["miou_truth"]
