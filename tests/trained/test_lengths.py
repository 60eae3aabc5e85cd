"""Averages of any length: closed forms, and a reconstruction against a directly tracked average."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.config.run_sections import LONGEST
from jaxgan.files.tensors import write_tensors
from jaxgan.game.averaging import gamma_of, power
from jaxgan.trained.lengths import inner, of_length, shares
from jaxgan.training import snapshots


@pytest.mark.parametrize("length", [0.02, 0.05, 0.1, 0.2, LONGEST])
def test_the_length_is_the_deviation_over_the_end(length):
    """Of (g + 1) s^g on [0, 1], whose moments are (g + 1) / (g + 2) and (g + 1) / (g + 3)."""
    g = gamma_of(length)
    variance = (g + 1) / (g + 3) - ((g + 1) / (g + 2)) ** 2
    assert np.sqrt(variance) == pytest.approx(length, rel=1e-6)


@pytest.mark.parametrize("length", [0.0, -0.1, 0.3, float("nan")])
def test_lengths_that_no_power_function_has(length):
    with pytest.raises(ValueError, match=r"write above 0 and at most 0\.289"):
        gamma_of(length)


def test_inner_products_are_integrals():
    a, b = (70, 5.0), (100, 2.5)
    s = (np.arange(200_000) + 0.5) / 200_000 * 70
    p = lambda t, g: (g + 1) * s**g / t ** (g + 1)
    assert inner(a, b) == pytest.approx((p(*a) * p(*b)).mean() * 70, rel=1e-6)
    assert inner(a, b) == inner(b, a)


def test_the_average_of_equal_weights_is_the_mean():
    values = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    mean, average = jnp.zeros(3), power(LONGEST)
    for step, value in enumerate(values):
        mean = average(mean, jnp.asarray(value), jnp.int32(step))
    np.testing.assert_allclose(mean, values.mean(0), rtol=1e-5, atol=1e-6)


def test_what_was_kept_is_found_again():
    profiles = [(100, gamma_of(0.05)), (100, gamma_of(0.1)), (200, gamma_of(0.05))]
    np.testing.assert_allclose(shares(profiles, profiles[1]), [0, 1, 0], atol=1e-9)


@pytest.mark.parametrize("length", [0.06, 0.08, 0.13])
def test_a_reconstruction_equals_the_tracked_average(tmp_path, length):
    """Parameters that drift and shake for 2,000 steps, a snapshot of (0.05, 0.1) every 100."""
    steps, every = 2000, 100
    shake = 0.1 * np.random.default_rng(0).normal(size=(steps, 3))
    course = np.float32(np.cumsum(shake, 0) + np.sin(np.arange(steps) / 300)[:, None])
    kept = {text: power(float(text)) for text in ("0.05", "0.1")} | {"wanted": power(length)}

    def step(means, inputs):
        number, params = inputs
        means = {name: kept[name](mean, params, number) for name, mean in means.items()}
        return means, means

    first = {name: jnp.zeros(3) for name in kept}
    _, means = jax.lax.scan(step, first, (jnp.arange(steps), jnp.asarray(course)))
    (tmp_path / "snapshots").mkdir()
    for number in range(every, steps + 1, every):
        arrays = {f"{t}/w/kernel": np.asarray(means[t][number - 1]) for t in ("0.05", "0.1")}
        write_tensors(snapshots.path_of(tmp_path, number), arrays, {})
    found = of_length(tmp_path, length, steps)["w"]["kernel"]
    np.testing.assert_allclose(found, means["wanted"][-1], rtol=1e-3, atol=1e-3 * course.std())


def test_snapshots_that_are_not_there(tmp_path):
    with pytest.raises(ValueError, match=r"sample\.length = 0\.1: .* has no snapshot of step 7"):
        of_length(tmp_path, 0.1, 7)


def test_later_snapshots_are_dropped(tmp_path):
    (tmp_path / "snapshots").mkdir()
    for step in (5, 10, 15):
        write_tensors(snapshots.path_of(tmp_path, step), {"0.1/w": np.zeros(1, "f4")}, {})
    (tmp_path / "snapshots" / "notes.txt").write_text("mine")
    snapshots.drop_after(tmp_path, 10)
    assert snapshots.steps(tmp_path) == [5, 10]
    assert (tmp_path / "snapshots" / "notes.txt").exists()
