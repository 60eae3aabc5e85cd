"""What any game can have on top of its objective: an objective in, an objective out.

    plus(objective, name, term)         loss + mean of a term on real and generated images
    augmented_d, augmented_g            the discriminator sees every image through an augmentation

so regularisers and augmentations know nothing of the game, the game nothing of them, and the step
nothing of either. Their arrays are the discriminator's stats, under their own names: they are saved
and restored with the rest, and the generator's step reads them (`nets.theirs`).

A term draws generated images with the objective's own key. Where the objective draws in the same
way (adversarial, relativistic) the compiler finds both draws to be one; elsewhere it costs a pass
of the generator.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax

from jaxgan.game.game import GAN, Batch, Examples, Nets, Objective
from jaxgan.game.objectives.adversarial import draw
from jaxgan.game.terms.penalties import Penalty

PyTree = Any


class Drawn(NamedTuple):
    real: Examples  # images, labels
    fake: Examples
    latents: jax.Array  # [b, latent_dim], of the generated images


class Term(NamedTuple):
    """init() -> state, and value(nets, drawn, state, key) -> ([b] float32, state)."""

    init: Callable[[], PyTree]
    value: Callable[[Nets, Drawn, PyTree, jax.Array], tuple[jax.Array, PyTree]]


class Augmentation(NamedTuple):
    """init() -> state; apply(state, images, key) -> images of the same shape, differentiable;
    update(state, real_logits [b]) -> state, after each pass of the discriminator's objective."""

    init: Callable[[], PyTree]
    apply: Callable[[PyTree, jax.Array, jax.Array], jax.Array]
    update: Callable[[PyTree, jax.Array], PyTree]


def penalised(penalty: Penalty) -> Term:
    """Return a penalty of penalties.py as a term."""
    return Term(dict, lambda n, d, state, key: (penalty(n.discriminate, *d[:2], key), state))


def plus(objective: Objective, name: str, term: Term) -> Objective:
    """Return the objective with a term added; its mean is in the metrics under its name."""

    def with_term(gan: GAN, nets: Nets, stats, batch: Batch, key: jax.Array):
        loss, (stats, metrics) = objective(gan, nets, stats, batch, key)
        latents, labels, _ = draw(gan, nets, len(batch["images"]), key)
        fake = nets.generate(latents, labels), labels
        drawn = Drawn((batch["images"], batch["labels"]), fake, latents)
        term_key = jax.random.fold_in(key, 1)
        value, state = term.value(nets, drawn, stats.get(name, {}), term_key)
        stats = {**stats, name: state} if name in stats else stats
        return loss + value.mean(), (stats, {**metrics, name: value.mean()})

    return with_term


def through(nets: Nets, augmentation: Augmentation, state: PyTree, key: jax.Array) -> Nets:
    """Return nets whose discriminator sees images, whatever its method, through the augmentation.

    Passes over equally many images in one step see the same draws.
    """

    def discriminate(inputs: jax.Array, *others, **fields):
        if isinstance(inputs, list):
            raise ValueError(
                "augmentation.name is set, but this game shows its discriminator an image at "
                "several resolutions: write 'none'"
            )
        is_images = inputs.ndim == 4  # not the codes that an autoencoder decodes
        seen = augmentation.apply(state, inputs, key) if is_images else inputs
        return nets.discriminate(seen, *others, **fields)

    return nets._replace(discriminate=discriminate)


def augmented_d(objective: Objective, augmentation: Augmentation) -> Objective:
    """Return the discriminator's objective behind an augmentation, whose state it updates."""

    def behind(gan: GAN, nets: Nets, stats, batch: Batch, key: jax.Array):
        state = stats["augmentation"]
        seen = through(nets, augmentation, state, jax.random.fold_in(key, 2))
        loss, (stats, metrics) = objective(gan, seen, stats, batch, key)
        real_logits = seen.discriminate(batch["images"], batch["labels"])  # unused: not computed
        state = augmentation.update(state, jax.lax.stop_gradient(real_logits))
        shown = {f"augmentation_{k}": v for k, v in state.items()}
        return loss, ({**stats, "augmentation": state}, {**metrics, **shown})

    return behind


def augmented_g(objective: Objective, augmentation: Augmentation) -> Objective:
    """Return the generator's objective behind the augmentation of the discriminator."""

    def behind(gan: GAN, nets: Nets, stats, batch: Batch, key: jax.Array):
        key_2, state = jax.random.fold_in(key, 2), nets.theirs["augmentation"]
        return objective(gan, through(nets, augmentation, state, key_2), stats, batch, key)

    return behind
