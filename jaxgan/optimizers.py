"""A player's optimiser, from its section of a config: Adam, and what comes before and after it.

    orthogonal regularisation, Adam's direction, learning rate (the encoder may have its own),
    clipping of weights, frozen parts

Learning rates and b2 may be schedules of the images seen (game/schedules.py).
"""

from functools import partial
from typing import Any

import optax
from jax.sharding import Mesh
from ml_collections import ConfigDict

from jaxgan.devices import sharding
from jaxgan.game.regularizers import clip_weights, freeze, orthogonal_regularization
from jaxgan.game.schedules import Value, of_steps


def optimizer(
    config: ConfigDict, images: int = 1, mesh: Mesh | None = None, lazy: float = 1.0
) -> optax.GradientTransformation:
    """Return Adam for one player. config: the player's section.

    images: number of images between two turns of the player, for schedules.
    lazy: see lazy_share.
    """
    rate = scaled_by(config.learning_rate, images, lazy)
    if config.get("encoder_learning_rate"):
        slow = scaled_by(config.encoder_learning_rate, images, lazy)
        rate = optax.partition({"encoder": slow, "rest": rate}, _encoder_or_rest)
    b2 = of_steps(config.b2, images)
    if lazy < 1.0:
        b2 = (lambda turn, b2=b2: b2(turn) ** lazy) if callable(b2) else b2**lazy
    links = [adam(config.b1**lazy, b2, config.eps), rate]
    if config.orthogonal:
        links.insert(0, orthogonal_regularization(config.orthogonal, sharding.whole(mesh)))
    if config.clip_weights:
        links.append(clip_weights(config.clip_weights))
    if config.freeze:
        links.append(freeze(tuple(config.freeze)))
    return optax.chain(*links)


def scaled_by(rate: float | str, images: int, factor: float) -> optax.GradientTransformation:
    """Return a step against the gradient with a learning rate times `factor`."""
    found: Any = of_steps(rate, images, factor)
    return optax.scale_by_learning_rate(found)


def lazy_share(config: ConfigDict, name: str) -> float:
    """Return c = k / (k + 1) for a player with a term in every k-th turn only, if asked for; else
    1.

    Adam then uses the rate c rate and the decays b1^c and b2^c, as if the lazy term had turns of
    its own between the others (arXiv 1912.04958, appendix B).
    """
    every, lazy = config.penalty.every, {"generator": bool(config.path_length.weight)}
    lazy["discriminator"] = config.penalty.name != "none"
    if not config.penalty.corrects_adam:
        return 1.0
    if every == 1:
        raise ValueError(
            "penalty.corrects_adam = True with penalty.every = 1: nothing is lazy; write False"
        )
    return every / (every + 1) if lazy.get(name) else 1.0


def adam(b1: float, b2: Value, eps: float) -> optax.GradientTransformation:
    """Return Adam without its learning rate. With b1 = 0 there is no first moment to keep.

    b2: a number, or a function of the player's turn. Then the bias of the second moment is
      corrected by 1 - b2^turn with the newest b2, as in PyTorch.
    """
    if b1:
        make, fields = optax.scale_by_adam, {"b1": b1, "b2": b2, "eps": eps}
    else:
        make = partial(optax.scale_by_rms, eps_in_sqrt=False, bias_correction=True)
        fields = {"decay": b2, "eps": eps}
    if not callable(b2):
        return make(**fields)
    fixed = [name for name, value in fields.items() if value is not b2]
    return optax.inject_hyperparams(make, static_args=fixed)(**fields)


def _encoder_or_rest(params):
    if "encoder" not in params:
        raise ValueError("generator.encoder_learning_rate: this model has no encoder; write 0.0")
    return {name: "encoder" if name == "encoder" else "rest" for name in params}
