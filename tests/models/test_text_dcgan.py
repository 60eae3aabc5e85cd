"""The networks that draw captions: the authors' parameter counts, and what an image depends on."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.media.captions import captions
from jaxgan.media.images import images
from jaxgan.models import text_dcgan
from tests.models.networks import count, shapes_of

# Compiled in a third of the time, and slow to run, which small networks can bear.
FAST = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}


def sides(size=8, dim=6, **fields):
    config = text_dcgan.default_config()
    config.update({"width": 4, "text": 5, "latent_dim": 3} | fields)
    noise = jax.ShapeDtypeStruct((config.latent_dim,), jnp.float32)
    found = text_dcgan.networks(config, captions((size, size, 3), dim).spec._replace(noise=noise))
    return found["generator"], found["discriminator"]


def conv_biases(side, *dense):
    """Return how many biases a network's convolutions and these dense layers would have."""
    leaves = jax.tree_util.tree_leaves_with_path(shapes_of(side))
    return sum(x.shape[-1] for path, x in leaves if x.ndim == 4) + sum(dense)


@pytest.mark.parametrize(
    "text, with_biases, without",
    [(256, (21_138_051, 4_228_801), (21_133_824, 4_226_560)), (128, (18_909_699, 4_032_065), None)],
)
def test_the_authors_networks(text, with_biases, without):
    """The code's counts, whose biases of convolutions are always 0. It writes two of our dense
    layers as convolutions: noise and text to 1024 maps, 4 x 4 maps to one logit."""
    g, d = sides(64, 1024, width=64, text=text, latent_dim=100)
    found = count(shapes_of(g)), count(shapes_of(d))
    assert (found[0] + conv_biases(g, 1024), found[1] + conv_biases(d, 1)) == with_biases
    assert without is None or found == without


def drawn(side, seed=0):
    rng = np.random.default_rng(seed)
    return jax.tree.map(
        lambda x: jnp.asarray(0.3 * rng.normal(size=x.shape), x.dtype), shapes_of(side)
    )


@pytest.mark.parametrize("size", [8, 16, 24])
def test_shapes(size):
    g, d = sides(size)
    z, t = jnp.zeros((2, 3)), jnp.zeros((2, 6))
    shape = lambda side, *inputs: (
        jax.eval_shape(side.calls["call"], {"params": shapes_of(side)}, *inputs).shape
    )
    assert shape(g, z, t) == (2, size, size, 3)
    assert shape(d, jnp.zeros((2, size, size, 3)), t) == (2,)


def test_text_and_noise_reach_every_pixel_and_the_logit():
    """With standing moments an image depends on its own text and noise, everywhere, and on no
    other's; so does a logit."""
    g, d = sides()
    rng = np.random.default_rng(1)
    array = lambda *shape: jnp.asarray(rng.normal(size=shape), jnp.float32)
    z, t, x = array(4, 3), array(4, 6), array(4, 8, 8, 3)

    for side, inputs in ((g, (z, t)), (d, (x, t))):
        variables = {"params": drawn(side)}
        moments = jax.jit(partial(side.moments, "call"), compiler_options=FAST)
        variables["batch_stats"] = moments(variables, *inputs)
        call = jax.jit(partial(side.calls["call"], variables), compiler_options=FAST)
        plain = call(*inputs)
        for place in (0, 1):
            other = list(inputs)
            other[place] = inputs[place].at[2].add(0.5)
            moved = np.abs(call(*other) - plain)
            assert moved[2].min() > 0 and not moved[[0, 1, 3]].any()


def test_what_does_not_fit_is_refused():
    spec = images((8, 8, 3), num_classes=4).spec
    noise = jax.ShapeDtypeStruct((3,), jnp.float32)
    with pytest.raises(ValueError, match=r"draws captions, .*: write data.medium = 'captions'"):
        text_dcgan.networks(text_dcgan.default_config(), spec._replace(noise=noise))
    with pytest.raises(ValueError, match=r"model.width = 3: write a multiple of 4"):
        sides(width=3)
    with pytest.raises(ValueError, match=r"data.size = 7 x 7"):
        sides(7)
    with pytest.raises(ValueError, match=r"data.text_dim = None with data.medium = 'captions'"):
        captions((8, 8, 3), None)
