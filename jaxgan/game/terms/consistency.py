"""Consistency: what should not change an image's reality should not change its logit.

    CR   (arXiv 1910.12027)  discriminator:  w |D(x) - D(T(x))|^2 at real images
    bCR  (arXiv 2002.04724)  the same, and w_fake |D(G(z)) - D(T(G(z)))|^2
    zCR  (the same)          discriminator:  w_latents |D(G(z)) - D(G(z + e))|^2
                             generator:     -w_spread mean |G(z) - G(z + e)|^2

with T a mirror image and a shift by up to an eighth, e from N(0, noise^2). ICR is bCR and zCR
together. One value for each example; logits are scalars, so |.|^2 is a square.

Deviation: the papers' T shifts by up to four pixels of 32; here it grows with the image.
"""

import jax
import jax.numpy as jnp

from jaxgan.game.game import Nets
from jaxgan.game.terms.augmentations import shifted
from jaxgan.game.terms.wrappers import Drawn, Term
from jaxgan.media.augment import random_flip


def transformed(images: jax.Array, key: jax.Array) -> jax.Array:
    """Return T(x) for images [b, h, w, c]."""
    flip_key, shift_key = jax.random.split(key)
    return shifted(random_flip(flip_key, images), shift_key)


def nearby(latents: jax.Array, key: jax.Array, noise: float) -> jax.Array:
    return latents + noise * jax.random.normal(key, latents.shape)


def discriminator_term(real: float, fake: float, latents: float, noise: float) -> Term:
    """Return the discriminator's sum; a weight of 0 leaves its part out."""

    def value(nets: Nets, drawn: Drawn, state, key: jax.Array):
        real_key, fake_key, latent_key = jax.random.split(key, 3)
        total = jnp.zeros(len(drawn.latents))
        for weight, (images, labels), k in (
            (real, drawn.real, real_key),
            (fake, drawn.fake, fake_key),
        ):
            if weight:
                near = nets.discriminate(transformed(images, k), labels)
                total = total + weight * jnp.square(nets.discriminate(images, labels) - near)
        if latents:
            images, labels = drawn.fake
            others = nets.generate(nearby(drawn.latents, latent_key, noise), labels)
            near = nets.discriminate(others, labels)
            total = total + latents * jnp.square(nets.discriminate(images, labels) - near)
        return total, state

    return Term(dict, value)


def generator_term(spread: float, noise: float) -> Term:
    """Return the generator's part of zCR: images of nearby latents shall differ."""

    def value(nets: Nets, drawn: Drawn, state, key: jax.Array):
        images, labels = drawn.fake
        latent_key = jax.random.split(key, 3)[2]
        others = nets.generate(nearby(drawn.latents, latent_key, noise), labels)
        return -spread * jnp.square(images - others).mean((1, 2, 3)), state

    return Term(dict, value)
