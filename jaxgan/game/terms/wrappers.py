"""What can be added to any objective: an objective in, an objective out.

    plus(objective, name, term)         loss + mean of a term on real and generated samples
    weighed(term, weight)               the term times a number, or times a schedule's value
    augmented_d, augmented_g            the discriminator sees every image through an augmentation

So regularisers and augmentations know nothing of the game, the game nothing of them, and the step
nothing of either. Their arrays are the player's stats, under their own names: they are saved and
restored with the rest, and in its turn the generator reads the discriminator's
(`nets.discriminator.stats`). A term works on what the objective drew (`Drawn`): nothing is drawn
twice.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp

from jaxgan.game.game import Batch, Drawn, Game, Nets, Objective, Outcome
from jaxgan.game.keys import Keys
from jaxgan.game.losses import score
from jaxgan.game.schedules import Value, now
from jaxgan.game.terms.penalties import Penalty

PyTree = Any


class TermValue(Protocol):
    """What a term adds to the loss of a player."""

    def __call__(
        self, nets: Nets, drawn: Drawn, state: PyTree, keys: Keys, /
    ) -> tuple[jax.Array, PyTree]:
        """Return the term of each example, [b] float32, and the new state.

        Args:
          nets: all networks; gradients flow to the player's own weights.
          drawn: what the objective drew and judged.
          state: the term's own arrays, without a gradient; {} for a term without any.
          keys: the term's own streams of randomness.
        """
        ...


class Term(NamedTuple):
    """A regulariser on top of any objective: its value, and its initial state.

    needs: calls of the players beyond what every game has, such as {"generator": ("styles",)}.
    """

    init: Callable[[], PyTree]
    value: TermValue
    needs: Mapping[str, tuple[str, ...]] = {}


class Augmentation(NamedTuple):
    """What the discriminator sees images through; a state, and pure functions of it.

    init() -> state.
    apply(state, images, key, step) -> images of the same shape, differentiable.
    update(state, real_logits [b]) -> state, after each pass of the discriminator's objective.
    """

    init: Callable[[], PyTree]
    apply: Callable[[PyTree, jax.Array, jax.Array, jax.Array | int], jax.Array]
    update: Callable[[PyTree, jax.Array], PyTree]


def penalised(penalty: Penalty) -> Term:
    """Return one of the penalties of penalties.py as a term."""

    def value(nets: Nets, drawn: Drawn, state: PyTree, keys: Keys):
        return penalty(nets.discriminator.call, drawn.real, drawn.fake, keys["between"]), state

    return Term(dict, value)


def weighed(term: Term, weight: Value) -> Term:
    """Return a term times a weight: a number, or a function of the training step's index."""

    def value(nets: Nets, drawn: Drawn, state: PyTree, keys: Keys):
        values, state = term.value(nets, drawn, state, keys)
        return now(weight, nets.step) * values, state

    return term._replace(value=value)


def logits_of(drawn: Drawn) -> tuple[PyTree, PyTree]:
    """Return the logits of real and of generated samples. Raises TypeError if the objective has
    none."""
    if drawn.logits is None:
        raise TypeError("the discriminator's objective hands over no logits (Drawn.logits)")
    return drawn.logits


def plus(objective: Objective, name: str, term: Term) -> Objective:
    """Return the objective with a term added; its mean is in the metrics under its name."""

    def with_term(
        game: Game, nets: Nets, stats, batch: Batch, keys: Keys
    ) -> tuple[jax.Array, Outcome]:
        loss, outcome = objective(game, nets, stats, batch, keys)
        term_keys = Keys(keys[f"term {name}"])
        value, state = term.value(nets, outcome.drawn, stats.get(name, {}), term_keys)
        new = {**outcome.stats, name: state} if name in outcome.stats else outcome.stats
        metrics = {**outcome.metrics, name: value.mean()}
        return loss + value.mean(), outcome._replace(stats=new, metrics=metrics)

    return with_term


def alike(change: Callable[[jax.Array], jax.Array], inputs: tuple) -> tuple:
    """Return a discriminator's inputs with every image [b, h, w, c] changed, and others as they
    are.

    An image and its source are changed alike: a mirrored pair is still a pair. Labels [b] are no
    images, nor are the codes [b, n] that an autoencoder decodes.
    """
    is_image = lambda x: isinstance(x, jax.Array) and x.ndim == 4
    return tuple(change(x) if is_image(x) else x for x in inputs)


def through(
    nets: Nets, augmentation: Augmentation, state: PyTree, batch: Batch, keys: Keys
) -> Nets:
    """Return nets whose discriminator sees images through the augmentation, in any of its calls but
    `pooled`, which only resizes them.

    Within a turn, image i of the batch and of every pass is changed by the same random draws: in a
    pass over pairs (objectives/draw.py), both images of pair i. So it makes no difference whether
    real and generated images are judged together or apart.
    """
    count = len(jax.tree.leaves(batch.sample)[0])
    apply = lambda images: augmentation.apply(state, images, keys["augment"], nets.step)

    def augmented(images: jax.Array) -> jax.Array:
        copies, rest = divmod(len(images), count)
        if copies < 2 or rest:  # not pairs, but a part of the batch (objectives/gan_cls.py)
            return apply(images)
        groups = images.reshape(count, copies, *images.shape[1:])
        parts = [apply(groups[:, i]) for i in range(copies)]
        return jnp.stack(parts, axis=1).reshape(images.shape)

    def seeing(name: str, call: Callable) -> Callable:
        def seen(*inputs):
            return call(*alike(augmented, inputs))

        return call if name == "pooled" else seen

    return nets.replace(discriminator=nets.discriminator.wrapped(seeing))


def augmented_d(objective: Objective, augmentation: Augmentation) -> Objective:
    """Return the discriminator's objective behind an augmentation, whose state it updates."""

    def behind(
        game: Game, nets: Nets, stats, batch: Batch, keys: Keys
    ) -> tuple[jax.Array, Outcome]:
        state = stats["augmentation"]
        seen = through(nets, augmentation, state, batch, keys)
        loss, outcome = objective(game, seen, stats, batch, keys)
        of_real, _ = logits_of(outcome.drawn)
        real_logits = jax.lax.stop_gradient(score(of_real))
        state = augmentation.update(state, real_logits)
        shown = {f"augmentation_{k}": v for k, v in state.items()}
        new = {**outcome.stats, "augmentation": state}
        return loss, outcome._replace(stats=new, metrics={**outcome.metrics, **shown})

    return behind


def augmented_g(objective: Objective, augmentation: Augmentation) -> Objective:
    """Return the generator's objective behind the augmentation of the discriminator."""

    def behind(
        game: Game, nets: Nets, stats, batch: Batch, keys: Keys
    ) -> tuple[jax.Array, Outcome]:
        state = nets.discriminator.stats["augmentation"]
        return objective(game, through(nets, augmentation, state, batch, keys), stats, batch, keys)

    return behind
