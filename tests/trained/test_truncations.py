"""Truncation: its variance against scipy and samples, interpolation where it is exact."""

import jax
import numpy as np
import pytest
import scipy.stats

from jaxgan.game import latents
from jaxgan.trained import truncations
from tests.tiny import tiny_config, tiny_generator, tiny_tabulated


@pytest.mark.parametrize("t", [0.02, 0.5, 1.0, 2.0, 4.0])
def test_variance_of_a_threshold(t):
    expected = scipy.stats.truncnorm.var(-t, t)
    assert truncations.latent_variance(t, "threshold") == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("definition", ["threshold", "scaled", "variance"])
@pytest.mark.parametrize("t", [0.0, 0.5, 1.0])
def test_variance_is_that_of_the_draws(definition, t):
    draw = latents.truncated(t, definition) if t else latents.normal
    drawn = np.asarray(draw(jax.random.key(0), (200_000,)))
    # The standard error of a variance of 200,000 draws is 0.3 percent or less.
    assert truncations.latent_variance(t, definition) == pytest.approx(drawn.var(), rel=0.01)


def test_statistics_linear_in_the_variance_are_interpolated_exactly():
    def statistics(t):
        v = truncations.latent_variance(t, "threshold")
        return {"mean": np.array([1.0, 2.0]), "var": np.array([3.0 * v, 1.0 - v])}

    known = {t: statistics(t) for t in (2.0, 0.0, 0.2, 0.5)}
    for t in (0.2, 0.3, 0.7, 1.9, 3.0, 0.0):
        found = truncations.interpolated(known, t, "threshold")
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), found, statistics(t))
    only = {0.5: statistics(0.5)}
    assert truncations.interpolated(only, 0.5, "threshold") is only[0.5]


def test_the_first_batch_norm_is_interpolated_as_if_computed():
    """Its input is linear in the latents: only sampling noise, common to all, is between them."""
    exact = tiny_generator().variables(0.75)["batch_stats"]["block_0"]["norm_0"]["norm"]
    found = tiny_tabulated().variables(0.75)["batch_stats"]["block_0"]["norm_0"]["norm"]
    nearest = tiny_tabulated().variables(1.0)["batch_stats"]["block_0"]["norm_0"]["norm"]
    scale = np.abs(exact["var"] - nearest["var"]).max()
    # 48 images: the draws of two thresholds are not multiples of each other, hence not exact.
    np.testing.assert_allclose(found["var"], exact["var"], atol=0.05 * scale)


def test_the_usual_truncations_are_those_of_the_definition():
    usual = (0.0, 0.5, 1.0, 1.5, 2.0)
    allowed = lambda **fields: truncations.allowed(usual, tiny_config(**fields))
    assert allowed() == usual
    for definition in ("scaled", "variance"):
        assert allowed(**{"sample.truncation_definition": definition}) == (0.0, 0.5, 1.0)
    assert allowed(prior="uniform") == (0.0,)


def test_a_truncation_outside_its_range_is_refused():
    def refused(value, words, known=None, **fields):
        with pytest.raises(ValueError, match=words):
            truncations.checked(value, tiny_config(**fields), known)

    for value in (-0.5, 4.1, float("nan"), float("inf")):
        refused(value, "number above 0 and up to 4, such as 0.5, or 0 for none")
    refused(1.5, "up to 1,", **{"sample.truncation_definition": "scaled"})
    refused(0.5, "needs prior = 'normal'.*'uniform': write 0", prior="uniform")
    refused(0.1, r"for 0.2 and above; export the run again with --truncations=0.1", (0.0, 0.2))
    refused(0.5, "for none only", (0.0,))
    assert truncations.checked(0.3, tiny_config(), (0.0, 0.2)) == 0.3
    assert truncations.checked(0, tiny_config(prior="uniform")) == 0.0
