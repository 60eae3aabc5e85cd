"""Transitions: what an expert observed in an environment, and what it did then.

For imitation (objectives/gail.py). A data set of `jaxgan prepare FILE TARGET --environment=NAME`
holds a transition as an array [1, 1, 4 n] uint8, the bytes of its n observed numbers in
little-endian float32, with the action as the label: the classes are the actions. In a Batch the
sample is the pair (observation [n] float32, one-hot action [actions] float32), without a condition.
"""

from pathlib import Path
from typing import Any, NoReturn

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from jaxgan.environments.by_name import environment
from jaxgan.media.augment import Streams
from jaxgan.media.decode import Features, decode_record
from jaxgan.media.images import distances as array_distances
from jaxgan.media.medium import Batch, Medium, Spec

PyTree = Any
NOUN = "transitions"
AUGMENTS = ()
READS = ("transitions",)
PREPARE = "jaxgan prepare FILE TARGET --environment=NAME"
ACTS = "a policy acts, it makes no samples"


def assumed(config: ConfigDict, channels: int, classes: int) -> dict[str, Any]:
    """Return the bytes per observation, and the actions, of the objective's environment."""
    world = environment(config.objective.environment)
    return {"channels": 4 * world.observation, "class_names": world.actions}


def medium(data: ConfigDict) -> Medium:
    """Return the medium of a resolved config's section `data`."""
    return transitions(data.channels // 4, len(data.class_names))


def transitions(observation: int, actions: int) -> Medium:
    """Return the medium of transitions with this many observed numbers and possible actions."""
    seen = jax.ShapeDtypeStruct((observation,), jnp.float32)
    done = jax.ShapeDtypeStruct((actions,), jnp.float32)
    return Medium(
        stored=Batch((seen, jax.ShapeDtypeStruct((), jnp.int32))),
        spec=Spec((seen, done)),
        decode=decode,
        to_float=lambda batch: to_float(batch, actions),
        to_stored=to_stored,
        augment=augment,
        suffix=".npz",
        write=no_file,
        distances=distances,
        pictures=no_picture,
    )


def encoded(observations: np.ndarray) -> np.ndarray:
    """Return observations [n, d] float32 as they are stored: [n, 1, 1, 4 d] uint8."""
    little = np.ascontiguousarray(observations, "<f4")
    return little.view(np.uint8).reshape(len(observations), 1, 1, -1)


def decode(record: Any, features: Features) -> Batch:
    """Return the observation and the action of one record."""
    data, action = record[:2]
    observation = decode_record(data, features).reshape(-1).view("<f4")
    return Batch((observation.astype(np.float32), np.int32(action)))


def to_float(batch: Batch, actions: int) -> Batch:
    """Return a stored batch with the actions [...] one-hot, [..., actions]."""
    observation, action = batch.sample
    return batch._replace(sample=(observation, jax.nn.one_hot(action, actions)))


def to_stored(samples: PyTree) -> PyTree:
    """Return the stored form of samples; the inverse of `to_float`."""
    observation, action = samples
    return observation, jnp.argmax(action, -1).astype(jnp.int32)


def augment(keys: Streams, batch: Batch) -> Batch:
    """Return the batch unchanged: no augmentation is known to preserve a transition."""
    return batch


def distances(samples: PyTree, groups: int) -> jax.Array:
    """Return the root mean square difference of observations and actions, [groups, n, n]."""
    return array_distances(jnp.concatenate(samples, -1), groups)


def no_picture(samples: PyTree) -> NoReturn:
    raise ValueError(f"data.medium = 'transitions' has no sheet: {ACTS}")


def no_file(path: Path, sample: PyTree) -> NoReturn:
    raise ValueError(f"data.medium = 'transitions' writes no files: {ACTS}")
