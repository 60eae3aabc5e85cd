"""VGAN: the authors' counts, a still background, the mask and its term."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.game.game import Batch, Drawn, Label, Nets, Spec, bind
from jaxgan.game.keys import Keys
from jaxgan.game.terms import mask
from jaxgan.models import vgan
from tests.models.networks import count, shapes_of

FAST = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}


def sides(*shape, **fields):
    config = vgan.default_config()
    config.update({"width": 2, "latent_dim": 6} | fields)
    float32 = partial(jax.ShapeDtypeStruct, dtype=jnp.float32)
    spec = Spec(float32(shape or (4, 8, 8, 3)), Label(1), float32((config.latent_dim,)))
    found = vgan.networks(config, spec)
    return found["generator"], found["discriminator"]


def test_the_authors_networks():
    """32 frames of 64 x 64, rebuilt from the authors' Lua."""
    full = partial(sides, 32, 64, 64, 3, width=64, latent_dim=100)
    generator, judge = (shapes_of(side) for side in full())
    assert count(generator) == 16_245_383
    assert count(generator["still"]) == 3_577_667 and count(generator["moving"]) == 12_667_716
    assert count(shapes_of(full(streams=1)[0])) == 12_663_619
    # The authors' second output has as many weights as the first, and a bias.
    assert count(judge) == 11_041_473 and count(judge) + count(judge["last"]) == 11_057_858


def test_two_outputs_under_a_softmax_are_one_logit():
    """Their cross entropy is softplus of the difference, the loss of one logit."""
    a, b = np.random.default_rng(0).normal(size=(2, 100))
    softmax = np.exp(a) / (np.exp(a) + np.exp(b))
    np.testing.assert_allclose(-np.log(softmax), np.logaddexp(0, -(a - b)))


def drawn(side, seed=0):
    rng = np.random.default_rng(seed)
    leaf = lambda x: jnp.asarray(0.5 * rng.normal(size=x.shape), x.dtype)
    return jax.tree.map(leaf, shapes_of(side))


Z = jnp.asarray(np.random.default_rng(1).normal(size=(3, 6)), jnp.float32)
LABELS = jnp.zeros(3, jnp.int32)


def test_a_clip_is_what_moves_over_what_stands_still():
    side, _ = sides()
    params = drawn(side)
    module = side.module.bind({"params": params})
    parts = lambda: (module.moving(Z), module.still(Z), bind(side, params).call(Z, LABELS))
    moving, still, made = jax.device_get(jax.jit(parts, compiler_options=FAST)())
    clip, own_mask = moving[..., :-1], moving[..., -1:]
    for t in range(4):
        m = own_mask[:, t]
        np.testing.assert_allclose(made[:, t], m * clip[:, t] + (1 - m) * still, atol=1e-6)
    np.testing.assert_allclose(own_mask, bind(side, params).mask(Z, LABELS), atol=1e-6)


def test_without_mask_nothing_moves():
    side, _ = sides()
    params = drawn(side)
    head = params["moving"]["to_mask"]
    head["kernel"], head["bias"] = jnp.zeros_like(head["kernel"]), jnp.full((1,), -30.0)
    made = np.asarray(bind(side, params).call(Z, LABELS))
    assert np.ptp(made, axis=1).max() < 1e-6 and np.ptp(made, axis=0).max() > 0.1


def test_the_term_is_a_tenth_of_the_masks_mean():
    ((name, term),) = mask.terms().items()
    assert name == "generator" and term.needs == {"generator": ("mask",)}
    side, _ = sides()
    net = bind(side, drawn(side))
    drew = Drawn(Batch(()), Batch((), LABELS), Z)
    found, _ = term.value(Nets({"generator": net}), drew, {}, Keys(jax.random.key(0)))
    expected = 0.1 * np.asarray(net.mask(Z, LABELS)).reshape(3, -1).mean(1)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert 0 < expected.min() < expected.max() < 0.1
    one, _ = sides(streams=1)
    np.testing.assert_array_equal(bind(one, drawn(one)).mask(Z, LABELS), 1)


@pytest.mark.parametrize(
    ("shape", "fields", "words"),
    [
        ((8, 8, 8, 3), {}, "data.size = 8 x 8 x 8: this network doubles 2 x 4 x 4; write 32"),
        ((2, 4, 4, 3), {}, "data.size = 2 x 4 x 4"),
        ((4, 8, 8, 3), {"streams": 3}, "model.streams = 3: write 1 or 2"),
        ((8, 8, 3), {}, r"clips \[time, height, width, channels\], but the data are \[8, 8, 3\]"),
    ],
)
def test_refusals(shape, fields, words):
    with pytest.raises(ValueError, match=words):
        sides(*shape, **fields)
