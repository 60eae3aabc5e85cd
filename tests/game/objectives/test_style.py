"""Style mixing, and path length against the closed form of a linear generator."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.game.game import Batch, Bound, Drawn, Nets, Outcome
from jaxgan.game.keys import Keys
from jaxgan.game.objectives import style
from jaxgan.game.terms.path_length import path_length

RNG = np.random.default_rng(0)
KEYS = Keys(jax.random.key(0))
LABELS = jnp.zeros(4, jnp.int32)
MAPS = RNG.normal(size=(3, 5, 8))  # a map from each of 3 layers' styles to an image of 2 x 4


def styles_of(latents, labels):
    return jnp.repeat(latents[:, None], 3, axis=1)


def synthesise(styles, latents):
    with jax.default_matmul_precision("highest"):
        return jnp.einsum("bld,ldp->bp", styles, jnp.float32(MAPS)).reshape(-1, 2, 4, 1)


def generate(latents, labels):
    return synthesise(styles_of(latents, labels), latents)


GENERATOR = Bound({"call": generate, "styles": styles_of, "synthesise": synthesise})
NETS = Nets({"generator": GENERATOR})


def test_path_length():
    latents = jnp.float32(RNG.normal(size=(4, 5)))
    drawn = Drawn(Batch(None), Batch(None, LABELS), latents)
    y = np.asarray(jax.random.normal(KEYS["y"], (4, 2, 4, 1))).reshape(4, 8) / np.sqrt(8)
    slopes = np.einsum("bp,ldp->bld", y, MAPS)
    lengths = np.sqrt((slopes**2).sum(-1).mean(-1))
    term, mean = path_length(decay=0.9), 0.0
    state = term.init()
    for _ in range(2):
        found, state = term.value(NETS, drawn, state, KEYS)
        mean = 0.9 * mean + 0.1 * lengths.mean()
        np.testing.assert_allclose(found, (lengths - mean) ** 2, rtol=1e-4)
        assert float(state["mean"]) == pytest.approx(mean, rel=1e-5)


def test_mixed_styles():
    first, second = jnp.zeros((4000, 5, 2)), jnp.ones((4000, 5, 2))
    mixed = np.asarray(style.mixed_styles(first, second, KEYS["mixing"], 0.6))
    np.testing.assert_array_equal(mixed[..., 0], mixed[..., 1])
    layers = mixed[..., 0]
    assert (np.diff(layers, axis=1) >= 0).all()  # the first up to a layer, then the second
    assert (layers[:, 0] == 0).all()
    taken = layers.sum(1).astype(int)
    # Of 4000: a share of 0.6 is mixed, with each crossover 1 to 4 as likely.
    np.testing.assert_allclose(np.bincount(taken) / 4000, [0.4] + [0.15] * 4, atol=0.03)


def test_the_discriminator_sees_mixed_images_of_two_draws():
    seen = []

    class Game:
        @staticmethod
        def source(key, batch):
            return jax.random.normal(key, (4, 5)), LABELS

    def plain(game, nets, stats, batch, keys):
        latents, labels = game.source(keys["source"], batch)
        fake = Batch(nets.generator.call(latents, labels), labels)
        seen.append((latents, fake.sample))
        return jnp.zeros(()), Outcome(stats, {}, Drawn(batch, fake, latents))

    batch = Batch(jnp.zeros((4, 2, 4, 1)), LABELS)
    for probability in (0.0, 1.0):
        mixing = style.with_mixing(plain, probability)
        mixing(Game, NETS, {}, batch, KEYS)
    unmixed = generate(seen[0][0], LABELS)
    np.testing.assert_array_equal(seen[0][1], unmixed)
    assert (np.asarray(seen[1][1] != unmixed).any((1, 2, 3))).all()


def test_refusal_names_the_field():
    config = style.default_config()
    config.mixing = 1.5
    with pytest.raises(ValueError, match=r"objective.mixing = 1.5: write a probability"):
        style.objectives(config)
