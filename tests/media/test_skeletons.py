"""Pose normalisation in closed form; stick figures of what was found, and of nothing else."""

import numpy as np
import pytest

from jaxgan.media.skeletons import Layout, feet, figures, held, normalised, stance
from tests.data import puppet

LAYOUT = puppet.LAYOUT


def points(body=puppet.TARGET, seed=0, frames=40):
    return puppet.key_points(puppet.dance(seed, frames), body)


def moved(film, scale, x, y):
    return np.concatenate([film[..., :2] * scale + [x, y], film[..., 2:]], -1)


@pytest.mark.parametrize(
    ("scale", "x", "y"), [(1.0, 7.0, -3.0), (0.6, 0.0, 0.0), (1.9, -40.0, 5.5)]
)
def test_it_inverts_a_known_shift_and_scale_exactly(scale, x, y):
    film = points()
    source = moved(film, scale, x, y)
    found = normalised(source, stance(source, LAYOUT), stance(film, LAYOUT), LAYOUT)
    np.testing.assert_allclose(found, film, atol=1e-9)
    # Also of another dance of the same person: it is the place that is learned, not the dance.
    other = points(seed=3)
    found = normalised(
        moved(other, scale, x, y), stance(source, LAYOUT), stance(film, LAYOUT), LAYOUT
    )
    np.testing.assert_allclose(found, other, atol=1e-9)


def test_a_person_who_keeps_the_same_distance():
    """Near and far are one: there is a single scale, and nothing is divided by 0."""
    film = points()
    film[..., 1] -= feet(film, LAYOUT)[1][:, None] - 25.0
    film = np.round(film * 64) / 64  # exact in floating point
    source = moved(film, 0.5, 3.0, 4.0)
    found = normalised(source, stance(source, LAYOUT), stance(film, LAYOUT), LAYOUT)
    np.testing.assert_allclose(found, film, atol=1e-9)


def test_another_body_comes_to_the_targets_floor():
    """Feet nearest and farthest are the target's, and so is their mean x where scales agree."""
    source, target = points(puppet.SOURCE, seed=1), points(seed=2)
    own, wanted = stance(source, LAYOUT), stance(target, LAYOUT)
    found = stance(normalised(source, own, wanted, LAYOUT), LAYOUT)
    assert (found.far, found.near) == pytest.approx((wanted.far, wanted.near))
    assert abs(own.near - wanted.near) > 3 and abs(own.near_height - wanted.near_height) > 3
    assert found.near_height == pytest.approx(wanted.near_height, rel=0.05)
    assert found.far_height == pytest.approx(wanted.far_height, rel=0.05)


def test_frames_without_ankles_stay_where_the_last_stood():
    film = points(frames=6)
    film[[0, 3, 4]] *= [1, 1, 0]
    x, y, heights = feet(film, LAYOUT)
    assert np.isnan([x[0], y[3], heights[4]]).all()
    np.testing.assert_array_equal(held(y), y[[1, 1, 2, 2, 2, 5]])
    source = moved(film, 2.0, 1.0, 1.0)
    found = normalised(source, stance(source, LAYOUT), stance(film, LAYOUT), LAYOUT)
    np.testing.assert_allclose(found, film, atol=1e-9)
    with pytest.raises(ValueError, match="no frame of 1 has both ankles"):
        normalised(film[:1], stance(film, LAYOUT), stance(film, LAYOUT), LAYOUT)
    with pytest.raises(ValueError, match="no frame of 1 has both ankles and the head"):
        stance(film[:1], LAYOUT)


def test_a_limb_is_drawn_where_both_of_its_joints_were_found():
    """A joint without confidence, wherever it is said to be, is as good as none."""
    film = points(frames=2)
    film[:, LAYOUT.joints.index("hand_r")] = [5.0, 5.0, 0.0]
    found = figures(film, LAYOUT, (32, 32))
    hues = lambda image: set(map(tuple, np.asarray(image).reshape(-1, 3)))
    whole = figures(points(frames=2), LAYOUT, (32, 32))
    assert not found[:, 2:8, 2:8].any() and (found != whole).any()
    assert found.shape == (2, 32, 32, 3) and len(hues(whole[0])) > len(LAYOUT.limbs)
    other = film.copy()
    other[:, LAYOUT.joints.index("hand_r"), :2] = 20.0
    np.testing.assert_array_equal(figures(other, LAYOUT, (32, 32)), found)


def test_key_points_of_another_layout_are_refused():
    with pytest.raises(ValueError, match=r"key points are \[4, 25, 3\]: write \[frames, 11, 3\]"):
        figures(np.zeros((4, 25, 3)), LAYOUT, (8, 8))
    with pytest.raises(ValueError, match=r"write \[frames, 2, 3\]"):
        stance(points(), Layout(("a", "b"), (), "a", ("a", "b")))
