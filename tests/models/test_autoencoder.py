"""The critic that is an autoencoder: its logit is minus its error, in margins."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.models import autoencoder
from tests.models.networks import modules_of, sides_of

IMAGES = np.random.default_rng(0).uniform(-1, 1, (3, 8, 8, 1)).astype(np.float32)


def test_logit_is_minus_the_reconstructions_error_in_margins():
    config = autoencoder.default_config()
    config.update(width=2, code_dim=5, margin=0.25)
    _, module = modules_of(autoencoder, config, (8, 8, 1))
    labels = jnp.zeros(3, jnp.int32)
    shapes = jax.eval_shape(lambda: module.init(jax.random.key(0), IMAGES, labels)["params"])
    rng = np.random.default_rng(1)
    params = jax.tree.map(lambda s: jnp.float32(0.3 * rng.normal(size=s.shape)), shapes)
    apply = lambda *inputs, **f: module.apply({"params": params}, *inputs, **f)
    codes = apply(IMAGES, method="encode")
    assert codes.shape == (3, 5)
    error = (IMAGES - np.asarray(apply(codes, method="decode"), np.float64)) ** 2
    logits = apply(IMAGES, labels)
    np.testing.assert_allclose(logits, -error.mean((1, 2, 3)) / 0.25, rtol=1e-5)


def test_refusal_names_the_field():
    config = autoencoder.default_config()
    config.margin = 0.0
    with pytest.raises(ValueError, match=r"model.margin = 0.0: write a number above 0"):
        sides_of(autoencoder, config, (8, 8, 1))
