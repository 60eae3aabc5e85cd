"""What a config's fields turn into."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxgan.config import default_config
from jaxgan.optimizers import optimizer


def test_with_b1_of_zero_adam_keeps_one_moment_and_is_adam():
    config = default_config().discriminator
    config.update(learning_rate=0.1, b1=0.0, b2=0.9, eps=1e-3, orthogonal=0.0)
    params = {"kernel": jnp.ones((3, 2)), "bias": jnp.zeros(2)}
    ours, adam = optimizer(config), optax.adam(0.1, 0.0, 0.9, 1e-3)
    state, reference = ours.init(params), adam.init(params)
    numbers = lambda s: sum(x.size for x in jax.tree.leaves(s) if x.ndim)
    assert numbers(state) == 8 and numbers(reference) == 16
    rng = np.random.default_rng(0)
    for _ in range(20):
        grads = jax.tree.map(lambda p: jnp.asarray(rng.normal(size=p.shape), p.dtype), params)
        with jax.numpy_dtype_promotion("standard"):  # as in steps.py
            found, state = ours.update(grads, state, params)
            right, reference = adam.update(grads, reference, params)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), found, right)
