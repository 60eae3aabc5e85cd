"""What a divergence wants, and what it cannot see."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.game import losses
from tests.demos.divergences import CENTRES, SHARES, WIDTH, fit, jensen_shannon, learned_slopes

MEAN = float(np.dot(SHARES, CENTRES))
DEVIATION = float(np.sqrt(WIDTH**2 + np.dot(SHARES, (np.array(CENTRES) - MEAN) ** 2)))


def test_kl_covers_the_modes():
    """The closed form: the mixture's moments."""
    # 1e-3: the optimiser's last steps.
    assert fit("kl") == (pytest.approx(MEAN, abs=1e-3), pytest.approx(DEVIATION, rel=1e-3))


@pytest.mark.parametrize(("start", "mode"), [(-1.0, 0), (1.0, 1)])
def test_reverse_kl_seeks_the_mode_where_it_starts(start, mode):
    mean, deviation = fit("reverse_kl", start=(start, 1.0))
    # 0.02: the modes overlap a little.
    assert mean == pytest.approx(CENTRES[mode], abs=0.02)
    assert deviation == pytest.approx(WIDTH, abs=0.02)


def test_jensen_shannon_lies_between():
    widths = [fit(name)[1] for name in ("reverse_kl", "jensen_shannon", "kl")]
    assert widths[0] < widths[1] < widths[2]


@pytest.mark.parametrize("distance", [0.0, 0.3, 1.0, 2.0])
def test_jensen_shannon_of_two_uniform_densities(distance):
    x = np.linspace(-1, 4, 50_001)
    p, q = (((x >= a) & (x <= a + 1)).astype(float) for a in (0.0, distance))
    middle = (p + q) / 2
    ratio = lambda f: np.divide(f, middle, out=np.ones_like(f), where=f > 0)
    integral = np.trapezoid(p * np.log(ratio(p)) + q * np.log(ratio(q)), x) / 2
    assert jensen_shannon(distance) == pytest.approx(integral, abs=1e-3)  # the grid's steps


def test_a_learned_discriminator_still_has_a_slope_where_the_divergence_is_flat():
    """Away from the data everywhere (a distance of 2), D falls; minimax's gradient is gone."""
    for name, clip in (("minimax", 0.0), ("non_saturating", 0.0), ("wasserstein", 0.2)):
        slope, gradient = jax.jit(learned_slopes, static_argnums=(0, 2))(
            getattr(losses, name), jnp.float32(2.0), clip
        )
        assert slope < -0.3
        assert (0 < gradient < 0.01) if name == "minimax" else gradient > 0.3
