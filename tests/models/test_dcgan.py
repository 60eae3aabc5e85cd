"""DCGAN's strided convolutions against numpy, and against each other."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.game.game import bind
from jaxgan.models import dcgan, mlp
from tests.models.networks import sides_of

RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 8, 6, 3)).astype(np.float32)
KERNEL = RNG.normal(size=(5, 5, 3, 4)).astype(np.float32)


def strided(x, kernel):
    """y[i, j] = sum x[2 i + a - 1, 2 j + b - 1] kernel[a, b], in float64."""
    h, w = x.shape[1:3]
    padded = np.pad(x.astype(np.float64), ((0, 0), (1, 3), (1, 3), (0, 0)))
    taps = ((a, b) for a in range(5) for b in range(5))
    return sum(padded[:, a : a + h : 2, b : b + w : 2] @ kernel[a, b] for a, b in taps)


def test_halved_is_a_convolution_with_stride_2():
    # 1e-5: sums of 75 float32 products.
    np.testing.assert_allclose(dcgan.halved(X, KERNEL), strided(X, KERNEL), rtol=1e-5, atol=1e-5)
    plain = jax.lax.conv_general_dilated(
        X, KERNEL, (2, 2), ((1, 2), (1, 2)), dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    np.testing.assert_allclose(dcgan.halved(X, KERNEL), plain, rtol=1e-5, atol=1e-5)


def test_doubled_is_its_transpose():
    """<halved(x), y> = <x, doubled(y)> with the kernel's channels swapped."""
    y = RNG.normal(size=(2, 4, 3, 4)).astype(np.float32)
    _, transpose = jax.vjp(lambda x: dcgan.halved(x, jnp.asarray(KERNEL)), jnp.asarray(X))
    found = dcgan.doubled(y, KERNEL.swapaxes(2, 3))
    np.testing.assert_allclose(found, transpose(jnp.asarray(y))[0], rtol=1e-5, atol=1e-5)


def images(model, num_classes, label, **fields):
    config = model.default_config()
    config.update(fields)
    side, _ = sides_of(model, config, (16, 16, 1), num_classes)
    z = jax.random.normal(jax.random.key(1), (3, config.latent_dim))
    labels = jnp.full((3,), label, jnp.int32)
    return jax.jit(bind(side, jax.jit(side.init)(jax.random.key(0))).call)(z, labels)


def test_labels_matter_only_where_asked_for():
    for model, fields, matter in (
        (dcgan, {"width": 4}, False),
        (mlp, {"generator_widths": (8,)}, False),
        (mlp, {"generator_widths": (8,), "conditional": True}, True),
    ):
        pictures = [images(model, 5, label, **fields) for label in (0, 3)]
        assert pictures[0].shape == (3, 16, 16, 1)
        assert (np.asarray(pictures[0]) != np.asarray(pictures[1])).any() == matter


def test_the_discriminators_batch_norm_can_be_left_out():
    for norm in (True, False):
        config = dcgan.default_config()
        config.update(width=4, discriminator_batch_norm=norm)
        _, side = sides_of(dcgan, config, (16, 16, 1))
        x = jax.random.normal(jax.random.key(1), (4, 16, 16, 1))
        y = jnp.zeros(4, jnp.int32)
        call = jax.jit(bind(side, jax.jit(side.init)(jax.random.key(0))).call)
        alone = call(x[:2], y[:2])
        # With batch norm a logit depends on the other images of the batch.
        assert bool(jnp.allclose(call(x, y)[:2], alone)) == (not norm)
