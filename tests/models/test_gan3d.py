"""3D-GAN: the paper's counts, the range of voxels, batch norm, labels."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.game import sampling
from jaxgan.game.game import Label, Spec, bind
from jaxgan.models import gan3d
from tests.models.networks import count, shapes_of

FAST = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}


def sides(*shape, **fields):
    config = gan3d.default_config()
    config.update({"width": 2, "latent_dim": 6} | fields)
    float32 = partial(jax.ShapeDtypeStruct, dtype=jnp.float32)
    spec = Spec(float32(shape or (8, 8, 8, 1)), Label(3), float32((config.latent_dim,)))
    found = gan3d.networks(config, spec)
    return found["generator"], found["discriminator"]


def test_the_papers_networks():
    """64 x 64 x 64 voxels, 200 latents; no biases but batch norm's."""
    found = [count(shapes_of(side)) for side in sides(64, 64, 64, 1, width=64, latent_dim=200)]
    assert found == [17_569_664, 11_048_704]
    plain = sides(64, 64, 64, 1, width=64, discriminator_batch_norm=False)[1]
    assert count(shapes_of(plain)) == 11_048_704 - 2 * (128 + 256 + 512)


def drawn(side, scale=0.3):
    rng = np.random.default_rng(0)
    leaf = lambda x: jnp.asarray(scale * rng.normal(size=x.shape), x.dtype)
    return jax.tree.map(leaf, shapes_of(side))


def latents(n=4):
    values = np.random.default_rng(1).uniform(0, 1, (n, 6))
    return jnp.asarray(values, jnp.float32), jnp.arange(n, dtype=jnp.int32) % 3


def test_voxels_have_the_range_of_the_data():
    """-1 to 1 with nothing at one end: samples below a threshold can be reached."""
    side, _ = sides()
    made = np.asarray(bind(side, drawn(side, 2.0)).call(*latents()))
    assert made.shape == (4, 8, 8, 8, 1)
    assert -1 <= made.min() < -0.9 and 0.9 < made.max() <= 1


def test_the_logit_sees_every_voxel():
    _, side = sides(discriminator_batch_norm=False)
    x = jnp.asarray(np.random.default_rng(0).normal(size=(2, 8, 8, 8, 1)), jnp.float32)
    loss = lambda x: bind(side, drawn(side)).call(x, jnp.zeros(2, jnp.int32)).sum()
    assert (jax.jit(jax.grad(loss), compiler_options=FAST)(x) != 0).all()


def test_batch_norm_of_one_volume_is_refused_and_standing_moments_are_not():
    side, _ = sides()
    params, (z, labels) = drawn(side), latents()
    with pytest.raises(ValueError, match=r"batch norm of one volume .* write train.batch = 2"):
        bind(side, params).call(z[:1], labels[:1])
    standing = sampling.variables(side, params, lambda key: (z, labels), 1)
    together = side.calls["call"](standing, z, labels)
    alone = side.calls["call"](standing, z[:1], labels[:1])
    np.testing.assert_allclose(together[:1], alone, atol=1e-5)
    # Moments of these very latents: as in training.
    np.testing.assert_allclose(together, bind(side, params).call(z, labels), atol=1e-5)


@pytest.mark.parametrize("conditional", [False, True])
def test_labels_matter_where_asked_for(conditional):
    generator, judge = sides(conditional=conditional)
    spec = Spec((), Label(3), jnp.zeros(6))
    assert sampling.takes_condition(generator, spec) == conditional
    judged = spec._replace(noise=jnp.zeros((8, 8, 8, 1)))
    assert sampling.takes_condition(judge, judged) == conditional


@pytest.mark.parametrize(
    ("shape", "fields", "words"),
    [
        ((12, 12, 12, 1), {}, "data.size = 12 x 12 x 12: .* write three equal sides, such as 16"),
        ((8, 8, 16, 1), {}, "data.size = 8 x 8 x 16: .* three equal sides"),
        ((4, 4, 4, 1), {}, "data.size = 4 x 4 x 4"),
        ((8, 8, 1), {}, r"volumes \[x, y, z, channels\], but the data are \[8, 8, 1\]"),
        ((12, 12, 12, 1), {"first_size": 5}, "model.first_size = 5"),
    ],
)
def test_refusals(shape, fields, words):
    with pytest.raises(ValueError, match=words):
        sides(*shape, **fields)
