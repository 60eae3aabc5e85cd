"""A run's discriminator, to judge how real an edited image is."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from jaxgan.build import medium_of, sides, transform
from jaxgan.devices import sharding
from jaxgan.game.game import Side
from jaxgan.game.losses import score
from jaxgan.trained.constraints import realism
from jaxgan.trained.descent import Value
from jaxgan.trained.generator import TrainedGenerator
from jaxgan.training.checkpoints import Checkpoints

PyTree = Any


def judge(g: TrainedGenerator, path: Path, config: ConfigDict) -> tuple[Value, PyTree]:
    """Return a run's discriminator as a term's value for a descent, and its weights.

    path: the directory of the run that `g` is of.

    Raises ValueError for a file, which holds no discriminator, and for a discriminator that cannot
    judge a single image.
    """
    if path.is_file():
        raise ValueError(
            f"--realism needs a discriminator, but {path.name} holds a generator alone: write the "
            "directory of a run, or 0"
        )
    side = sides(config, medium_of(config).spec)["discriminator"]
    passed = transform(config, "discriminator")

    def first() -> PyTree:
        keys = jax.random.split(jax.random.key(0))
        params = side.init(keys[0])
        own = {"params": params, "transform_state": passed.init(params, keys[1])}
        return {"players": {"discriminator": own}}

    whole = sharding.replicated(sharding.create_mesh(devices=jax.local_devices()))
    abstract = jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=whole), jax.eval_shape(first)
    )
    with Checkpoints(path / "checkpoints") as checkpoints:
        part = checkpoints.restore_newest(abstract, partial=True, wanted=config.sample.step)
    own = part["players"]["discriminator"]
    weights, _ = jax.jit(passed.apply)(own["params"], own["transform_state"])
    _refuse_of_batches(side, weights, g)
    return realism(side), jax.device_get(weights)


def _refuse_of_batches(side: Side, weights: PyTree, g: TrainedGenerator) -> None:
    """Raise ValueError if the logit of an image depends on the other images of its batch."""
    images = np.random.default_rng(0).uniform(-1, 1, (3, *g.image_shape)).astype(np.float32)
    name = g.config.model.name
    apply = jax.jit(lambda x: score(side.calls["call"]({"params": weights}, x, jnp.zeros(2, int))))
    try:
        first, second = (float(apply(images[[0, other]])[0]) for other in (1, 2))
    except (TypeError, ValueError, AttributeError) as error:  # it judges something else
        raise ValueError(
            f"--realism: the discriminator of model {name!r} judges no single images: write 0"
        ) from error
    if not np.allclose(first, second, rtol=1e-4, atol=1e-6):
        raise ValueError(
            f"--realism: what the discriminator of model {name!r} says of an image depends on the "
            "other images of its batch (batch norm, or a minibatch layer): write 0"
        )
