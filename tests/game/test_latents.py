"""Priors and truncation against their distributions' closed forms."""

import jax
import numpy as np
import pytest
from scipy import stats

from jaxgan.game import latents

N = 20_000
# Kolmogorov-Smirnov distance that a right sampler exceeds once in 10^6 draws of N.
LIMIT = 2.7 / N**0.5


def distance(draw, cdf) -> float:
    return stats.kstest(np.asarray(draw(jax.random.key(0), (N,))), cdf).statistic


@pytest.mark.parametrize("t", [0.3, 1.0, 2.0])
def test_truncation_definitions(t):
    cut = lambda a: stats.truncnorm(-a, a).cdf
    assert distance(latents.truncated(t, "threshold"), cut(t)) < LIMIT
    assert distance(latents.truncated(t, "scaled"), lambda x: cut(2)(x / t)) < LIMIT
    assert distance(latents.truncated(t, "variance"), stats.norm(scale=t).cdf) < LIMIT
    # The three differ, so the test above can fail.
    assert distance(latents.truncated(t, "variance"), cut(t)) > LIMIT


def test_priors():
    assert distance(latents.normal, stats.norm.cdf) < LIMIT
    assert distance(latents.uniform, stats.uniform(-1, 2).cdf) < LIMIT


def test_bad_truncation():
    with pytest.raises(ValueError, match="truncation = 0"):
        latents.truncated(0.0)
    with pytest.raises(ValueError, match=r"'resample'.*'threshold'"):
        latents.truncated(1.0, "resample")


def test_labels_are_uniform_over_classes():
    _, labels = latents.class_conditional(latents.normal, 4, 7)(jax.random.key(1), N)
    counts = np.bincount(labels, minlength=7)
    assert stats.chisquare(counts).pvalue > 1e-6 and len(counts) == 7
