"""Relativistic comparisons against numpy."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.game.objectives import relativistic

REAL = np.array([-1.5, 0.3, 2.0, 0.9], np.float32)
FAKE = np.array([0.4, -2.0, 1.1, -0.2], np.float32)


def log_sigmoid(x):
    return -np.log1p(np.exp(-x))


@pytest.mark.parametrize("name", relativistic.COMPARISONS)
def test_equals_numpy(name):
    r, f = REAL.astype(np.float64), FAKE.astype(np.float64)
    expected = {
        "pairs": -log_sigmoid(r - f),
        "average": -log_sigmoid(r - f.mean()) - np.log(1 - 1 / (1 + np.exp(-(f - r.mean())))),
        "hinge": np.maximum(0, 1 - r + f.mean()) + np.maximum(0, 1 + f - r.mean()),
    }[name]
    found = relativistic.COMPARISONS[name](jnp.asarray(REAL), jnp.asarray(FAKE))
    np.testing.assert_allclose(found, expected, rtol=1e-5)  # a few float32 roundings


@pytest.mark.parametrize("name", relativistic.COMPARISONS)
def test_only_differences_matter(name):
    compare = relativistic.COMPARISONS[name]
    moved = compare(jnp.asarray(REAL + 3), jnp.asarray(FAKE + 3))
    np.testing.assert_allclose(compare(jnp.asarray(REAL), jnp.asarray(FAKE)), moved, rtol=1e-5)


def test_refusal_names_the_field():
    config = relativistic.default_config()
    config.comparison = "triples"
    with pytest.raises(ValueError, match=r"comparison = 'triples': write one of pairs, average"):
        relativistic.objectives(config)
