"""Consistency: a change that keeps an image as real as it was should not change its logit.

    CR   (arXiv 1910.12027)  discriminator:  w |D(x) - D(T(x))|^2 at real images
    bCR  (arXiv 2002.04724)  the same, and w_fake |D(G(z)) - D(T(G(z)))|^2
    zCR  (the same)          discriminator:  w_latents |D(G(z)) - D(G(z + e))|^2
                             generator:     -w_spread mean |G(z) - G(z + e)|^2

where T mirrors at random and shifts by up to an eighth, and e is from N(0, noise^2). ICR is bCR and
zCR together. One value per example; logits are scalars, so |.|^2 is a square.

Deviation: the papers' T shifts by up to four pixels of 32; here the shift grows with the image.
"""

from functools import partial

import jax
import jax.numpy as jnp

from jaxgan.game.game import Drawn, Nets
from jaxgan.game.keys import Keys
from jaxgan.game.losses import each
from jaxgan.game.schedules import Value, now
from jaxgan.game.terms.augmentations import shifted
from jaxgan.game.terms.wrappers import Term, alike, logits_of
from jaxgan.media.augment import random_flip


def transformed(images: jax.Array, key: jax.Array) -> jax.Array:
    """Return T(x) for images [b, h, w, c]."""
    keys = Keys(key)
    return shifted(random_flip(keys["flip"], images), keys["shift"])


def nearby(latents: jax.Array, key: jax.Array, noise: float) -> jax.Array:
    """Return latents [b, latent_dim] plus noise from N(0, noise^2)."""
    return latents + noise * jax.random.normal(key, latents.shape)


def squared_difference(a: jax.Array, b: jax.Array) -> jax.Array:
    return jnp.square(a - b)


def discriminator_term(real: Value, fake: Value, latents: Value, noise: float) -> Term:
    """Return the sum of the discriminator's parts; a weight of 0 leaves a part out.

    Weights are numbers, or functions of the training step's index.
    """

    def value(nets: Nets, drawn: Drawn, state, keys: Keys):
        total = jnp.zeros(len(jax.tree.leaves(drawn.real)[0]))
        of_real, of_fake = logits_of(drawn)
        for weight, seen, logits, name in (
            (real, drawn.real, of_real, "real"),
            (fake, drawn.fake, of_fake, "fake"),
        ):
            if weight:
                change = partial(transformed, key=keys[name])
                near = nets.discriminator.call(*alike(change, tuple(seen)))
                total = total + now(weight, nets.step) * each(squared_difference, logits, near)
        if latents:
            labels = drawn.fake.condition
            others = nets.generator.call(nearby(drawn.noise, keys["nearby"], noise), labels)
            near = nets.discriminator.call(others, labels)
            total = total + now(latents, nets.step) * each(squared_difference, of_fake, near)
        return total, state

    return Term(dict, value)


def generator_term(noise: float) -> Term:
    """Return the generator's part of zCR, before its weight: images of nearby latents should
    differ."""

    def value(nets: Nets, drawn: Drawn, state, keys: Keys):
        images, labels = drawn.fake
        others = nets.generator.call(nearby(drawn.noise, keys["nearby"], noise), labels)
        return -each(squared_difference, images, others), state

    return Term(dict, value)
