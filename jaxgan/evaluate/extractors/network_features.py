"""A run's own networks as extractors: what they sow as "features" (Linen's intermediates).

    discriminator   the input of its last layer (for BigGAN's, the sum over space)
    encoder         the same of a generator's encoder (BiGAN). BigBiGAN's takes real images only,
                    twice as large as generated ones, and is therefore refused

Uses the averaged weights if there is an average (generator, encoder), the live ones otherwise.
"""

import hashlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.evaluate.extractors.extractor import Extractor
from jaxgan.game.game import Batch, TrainState
from jaxgan.media import waves
from jaxgan.training.run import Run

NETWORKS = ("discriminator", "encoder")


def network_extractor(run: Run, state: TrainState, name: str) -> Extractor:
    """Return the extractor of a run's network, for images [n, h, w, c] of the run's own shape.

    Raises:
      ValueError: the run has no such network, or the network sows no features.
    """
    role, model = ("discriminator" if name == "discriminator" else "generator"), run.config.model
    player, own = run.game.players[role], state.players[role]
    if name == "encoder" and "encode" not in player.side.calls:
        raise ValueError(
            f"model.name = {model.name!r} has no encoder: write extractor=discriminator"
        )
    if "features" not in player.side.calls:
        raise ValueError(f"the {name} of model.name = {model.name!r} shows no features")
    params = state.averages.get(role, own.params)
    weights, _ = jax.jit(player.transform.apply)(params, own.transform_state)
    weights = jax.device_get(weights)
    shape, labels = run.medium.spec.sample.shape, name == "discriminator"

    def apply(weights: Any, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        if images.shape[1:] != shape:
            found, taken = ("x".join(map(str, size)) for size in (images.shape[1:], shape))
            raise ValueError(
                f"evaluate.extractor = {name!r}: images are {found}, but the run's {name} takes "
                f"{taken}: write another extractor"
            )
        # Rounded, as in the other extractors: samples score the same in memory and in a folder.
        # Signed 16-bit samples arrive scaled as waves, whatever they are (features.as_floats).
        stored = run.medium.stored.sample.dtype
        back = waves.to_stored if stored == jnp.int16 else run.medium.to_stored
        images = run.medium.to_float(Batch(back(images))).sample
        inputs = (images, jnp.zeros(len(images), jnp.int32)) if labels else (images,)
        features = player.side.calls["features"]({"params": weights}, *inputs)
        return features, features[:, :0]

    step = int(state.step)
    digest = hashlib.sha256(b"".join(np.asarray(x).tobytes() for x in jax.tree.leaves(weights)))
    protocol = {"model": model.name, "step": step}
    protocol["quantization"] = f"{run.config.data.bits} bit, rounded"
    return Extractor(name, weights, apply, digest.hexdigest(), protocol)
