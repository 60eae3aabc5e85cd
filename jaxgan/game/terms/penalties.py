"""Penalties on the gradient of the discriminator by its images, one value per example.

    r1                      |grad D(x)|^2 / 2 at real images                (arXiv 1801.04406)
    r2                      |grad D(x)|^2 / 2 at generated images           (the same)
    r1_r2                   the sum of the two                              (arXiv 2501.05441)
    gradient_penalty        (|grad D(x)| - 1)^2 between real and generated  (arXiv 1704.00028)
    zero_centred_penalty    |grad D(x)|^2 between real and generated        (arXiv 1902.03984)
    finite_difference       ((D(x + e n) - D(x)) / e)^2 at real images      (arXiv 2509.24935)

with n from N(0, I) and e = 0.01. The expectation of finite_difference tends to twice r1 as e falls
to 0; it takes no second derivative, which fused attention kernels lack, and less memory: 16 instead
of 28 GiB of temporaries for R3GAN at 64 pixels, 16 images on a TPU v5e (launch/compile_table.md).
"Between" is e x + (1 - e) G(z) with one e from U(0, 1) per example. The weights are the papers'
gamma and lambda. The label in between is the real image's: in the papers there is none, or both are
equal.

The gradient of the summed logits is each example's own unless batch norm couples the examples: use
none in the discriminator. The network is applied with the step's weights, so spectral norm is not
computed again.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxgan.game.game import Batch
from jaxgan.game.losses import score

STEP = 0.01  # of finite_difference; images are in [-1, 1]

Discriminate = Callable[[Any, Any], Any]  # (samples, conditions) -> logits, a pytree of [b, ...]
# (discriminate, real, fake, key) -> [b] float32
Penalty = Callable[[Discriminate, Batch, Batch, jax.Array], jax.Array]


def squared_slope(discriminate: Discriminate, samples: Any, conditions: Any) -> jax.Array:
    """Return |d D(x, y) / d x|^2, [b] float32, for samples with leaves [b, ...]."""
    slope = jax.grad(lambda x: score(discriminate(x, conditions)).sum())(samples)
    leaves = [s.astype(jnp.float32) for s in jax.tree.leaves(slope)]
    squares = [jnp.square(s).reshape(len(s), -1).sum(-1) for s in leaves]
    return sum(squares[1:], squares[0])


def between(real: Any, fake: Any, key: jax.Array) -> Any:
    """Return a uniform point between each real sample and its fake one, leaves [b, ...]."""
    share = jax.random.uniform(key, (len(jax.tree.leaves(real)[0]),))

    def mixed(r: jax.Array, f: jax.Array) -> jax.Array:
        s = share.reshape(-1, *(1,) * (r.ndim - 1))
        return s * r + (1.0 - s) * f

    return jax.tree.map(mixed, real, fake)


def no_penalty(discriminate, real: Batch, fake: Batch, key: jax.Array) -> jax.Array:
    return jnp.zeros(len(jax.tree.leaves(real)[0]))


def r1(discriminate, real: Batch, fake: Batch, key: jax.Array) -> jax.Array:
    return 0.5 * squared_slope(discriminate, *real)


def r2(discriminate, real: Batch, fake: Batch, key: jax.Array) -> jax.Array:
    return 0.5 * squared_slope(discriminate, *fake)


def r1_r2(discriminate, real: Batch, fake: Batch, key: jax.Array) -> jax.Array:
    return r1(discriminate, real, fake, key) + r2(discriminate, real, fake, key)


def gradient_penalty(discriminate, real: Batch, fake: Batch, key: jax.Array) -> jax.Array:
    squares = squared_slope(discriminate, between(real[0], fake[0], key), real[1])
    # sqrt has no derivative at 0, where a dead discriminator is: there the penalty is constant.
    return jnp.square(jnp.sqrt(jnp.maximum(squares, 1e-12)) - 1.0)


def zero_centred_penalty(discriminate, real: Batch, fake: Batch, key: jax.Array) -> jax.Array:
    return squared_slope(discriminate, between(real[0], fake[0], key), real[1])


def finite_difference(discriminate, real: Batch, fake: Batch, key: jax.Array) -> jax.Array:
    samples, conditions = real
    near = jax.tree.map(lambda x, n: x + STEP * n, samples, normal_like(samples, key))
    change = score(discriminate(near, conditions)) - score(discriminate(samples, conditions))
    return jnp.square(change / STEP)


def normal_like(samples: Any, key: jax.Array) -> Any:
    """Return noise from N(0, I) with the samples' shapes and dtypes."""
    leaves, tree = jax.tree.flatten(samples)
    keys = jax.random.split(key, len(leaves))
    drawn = [jax.random.normal(k, x.shape, x.dtype) for k, x in zip(keys, leaves, strict=True)]
    return jax.tree.unflatten(tree, drawn)


PENALTIES = {
    "none": no_penalty,
    "r1": r1,
    "r2": r2,
    "r1_r2": r1_r2,
    "gradient_penalty": gradient_penalty,
    "zero_centred": zero_centred_penalty,
    "finite_difference": finite_difference,
}


def named(name: str) -> Penalty:
    """Return the penalty called `name`. Raises ValueError for an unknown one."""
    if name not in PENALTIES:
        raise ValueError(f"penalty.name = {name!r}: write one of {', '.join(PENALTIES)}")
    return PENALTIES[name]
