"""A run's own networks as extractors: what they sow as "features" (Linen's intermediates).

    discriminator   the input of its last layer (sum over space, for BigGAN's)
    encoder         the same of a generator's encoder (BiGAN, BigBiGAN)

The averaged weights where there is an average (generator, encoder), the live ones otherwise.
"""

import hashlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.evaluate.extractors.extractor import Extractor
from jaxgan.game.game import TrainState
from jaxgan.training.run import Run

NETWORKS = ("discriminator", "encoder")


def network_extractor(run: Run, state: TrainState, name: str) -> Extractor:
    """Return the extractor of a run's network; images are [n, h, w, c] of the run's own shape.

    Raises:
      ValueError: the run has no such network, or it does not show its features.
    """
    player = run.gan.discriminator if name == "discriminator" else run.gan.generator
    module, model = player.module, run.config.model.name
    if name == "encoder" and not hasattr(module, "encode"):
        raise ValueError(f"model.name = {model!r} has no encoder: write extractor=discriminator")
    params = state.discriminator.params if name == "discriminator" else state.average
    own = getattr(state, "discriminator" if name == "discriminator" else "generator")
    weights, _ = jax.jit(player.transform.apply)(params, own.transform_state)
    weights = jax.device_get(weights)

    def apply(weights: Any, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        if images.shape[1:] != run.image_shape:
            raise ValueError(
                f"images are {images.shape[1:]}, but the {name} takes {run.image_shape}"
            )
        # Rounded as the other extractors do: samples score the same in memory and in a folder.
        images = jnp.round((jnp.clip(images, -1.0, 1.0) + 1.0) * 127.5) / 127.5 - 1.0
        inputs = (images, jnp.zeros(len(images), jnp.int32))
        method = None
        if name == "encoder":
            inputs, method = inputs[:1], "encode"
        _, seen = module.apply(
            {"params": weights}, *inputs, method=method, mutable=["intermediates"]
        )
        found = [
            leaf
            for path, leaf in jax.tree_util.tree_leaves_with_path(seen)
            if any(getattr(key, "key", "") == "features" for key in path)
        ]
        if not found:
            raise ValueError(f"the {name} of model.name = {model!r} sows no 'features'")
        features = found[-1].reshape(len(images), -1).astype(jnp.float32)
        return features, features[:, :0]

    step = int(state.step)
    digest = hashlib.sha256(b"".join(np.asarray(x).tobytes() for x in jax.tree.leaves(weights)))
    protocol = {"model": model, "step": step, "quantization": "8 bit, rounded"}
    return Extractor(name, weights, apply, digest.hexdigest(), protocol)
