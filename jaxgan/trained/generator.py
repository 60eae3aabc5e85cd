"""A trained generator to sample from: no data set, no config file.

    g = jaxgan.load("runs/first")                     # or an exported .safetensors file
    images = g.sample(classes=["Sneaker", 3], seed=0, truncation=0.5)

Image i of a sample depends on (seed, i), its class and the truncation alone.

Standing statistics (averaging.py) belong to one truncation. Of a run they are computed for each
truncation that is asked for. A file holds them for a few; see truncations.py for those between.
"""

import copy
import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict
from ml_collections import ConfigDict
from PIL import Image

from jaxgan.build import build
from jaxgan.devices import compiler, sharding
from jaxgan.game import latents
from jaxgan.game.averaging import standing_stats
from jaxgan.game.game import TrainState
from jaxgan.media.pictures import picture, to_uint8
from jaxgan.trained import class_names, truncations
from jaxgan.trained.sample.sampler import sampling_prior
from jaxgan.training.checkpoints import Checkpoints
from jaxgan.training.run import Run, abstract_state, load_run, saved

PyTree = Any
MOST_AT_ONCE = 64, 1 << 20  # images and pixels in one call of the network, on each device


class TrainedGenerator:
    """Weights, statistics and class names of a generator.

    config: resolved, of the run. weights: what the network is applied with (after the transform).
    statistics: {truncation: batch_stats}, 0 meaning none; None computes them when asked for.
    """

    def __init__(
        self,
        config: ConfigDict,
        weights: PyTree,
        statistics: dict[float, PyTree] | None = None,
        step: int = 0,
    ):
        self.config, self.step = config, step
        self.class_names = tuple(config.data.class_names)
        self.latent_dim = config.model.latent_dim
        self.truncations = None if statistics is None else tuple(sorted(statistics))
        self._mesh = sharding.create_mesh(devices=jax.local_devices())
        self.weights = jax.device_put(weights, sharding.replicated(self._mesh))
        data_shape = (*config.data.size, config.data.channels)
        self.module = build(config, data_shape, len(self.class_names)).generator.module
        example = (jnp.zeros((2, self.latent_dim)), jnp.zeros(2, jnp.int32))
        made = jax.eval_shape(self.module.apply, {"params": self.weights}, *example)
        self.image_shape = made.shape[1:]  # BigBiGAN's encoder may see larger images
        self._apply = compiler.jit(self.apply)
        self._moments = compiler.jit(self._batch_moments)
        self._known = {} if statistics is None else dict(statistics)

    def sample(
        self,
        classes: Sequence[str | int] | None = None,
        count: int | None = None,
        seed: int = 0,
        truncation: float | None = None,
    ) -> np.ndarray:
        """Return images [n, height, width, channels] uint8.

        Args:
          classes: names or numbers, one an image; by default drawn at random.
          count: how many images. More than `classes` go round them again. By default as many as
            classes, or one.
          seed: image i is made from latents number i of this seed.
          truncation: threshold of the latents; smaller is less varied and cleaner. 0 is none, and
            by default it is what the config says.
        """
        z, labels = self._draw(classes, count, seed, truncation)
        return to_uint8(self.generate(z, labels, truncation))

    def pictures(self, *args: Any, **kwargs: Any) -> list[Image.Image]:
        """Return what `sample` does as PIL images."""
        return [picture(image) for image in self.sample(*args, **kwargs)]

    def latents(
        self, indices: Sequence[int], seed: int = 0, truncation: float | None = None
    ) -> np.ndarray:
        """Return latents number `indices` [n] of a seed: [n, latent_dim] float32."""
        return self.draw(indices, seed, truncation)[0]

    def draw(
        self, indices: Sequence[int], seed: int = 0, truncation: float | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return latents [n, latent_dim] float32 and labels [n] int32 number `indices` of a seed.

        Draw i depends on (seed, i) alone; labels are uniform.
        """
        prior = sampling_prior(self.config, len(self.class_names), self.truncation(truncation))
        n = len(indices)
        padded = np.resize(np.asarray(indices, np.int32), max(64, 1 << (n - 1).bit_length()))
        # Not jitted: a jit would compile again for each truncation, the operations do not.
        return tuple(np.asarray(x)[:n] for x in latents.indexed(prior, seed, jnp.asarray(padded)))

    def generate(
        self, latents: np.ndarray, labels: np.ndarray, truncation: float | None = None
    ) -> np.ndarray:
        """Return images [n, height, width, channels] float32 in [-1, 1].

        Args:
          latents: [n, latent_dim].
          labels: [n] int, or [n, num_classes] float: mixtures of classes.
          truncation: which statistics to sample with.
        """
        variables, n = self.variables(truncation), len(latents)
        z = np.asarray(latents, np.float32)
        mixed = np.ndim(labels) == 2
        y = np.asarray(labels, np.float32 if mixed else np.int32)
        size, chunks = self.rows_at_once(n), []
        for start in range(0, n, size):
            rows = [np.resize(a[start : start + size], (size, *a.shape[1:])) for a in (z, y)]
            rows = jax.device_put(rows, sharding.rows(self._mesh))
            chunks.append(np.asarray(self._apply(variables, *rows)))
        return np.concatenate(chunks)[:n]

    def apply(self, variables: PyTree, latents: jax.Array, labels: jax.Array) -> jax.Array:
        """The network as a pure, differentiable function; see `generate` and `variables`."""
        module = self.module
        if labels.ndim == 2 and not hasattr(module, "num_classes"):
            labels = jnp.zeros(len(labels), jnp.int32)  # of no meaning here
        if labels.ndim == 2:
            # A mixture of classes is a class of its own: a row more in every table of embeddings.
            module = module.clone(num_classes=len(labels)) if self.class_names else module
            variables = {**variables, "params": _mixed(variables["params"], labels)}
            labels = jnp.arange(len(labels))
        return module.apply(variables, latents, labels)

    def encode(self, images: np.ndarray) -> np.ndarray:
        """Return the latents [n, latent_dim] that the model's own encoder gives to images.

        Args:
          images: [n, height, width, channels] float32 in [-1, 1].

        Raises:
          ValueError: for a model without an encoder (BiGAN and its kin have one: `has_encoder`).
        """
        if not self.has_encoder:
            raise ValueError(
                f"model {self.config.model.name!r} has no encoder: write jaxgan invert, which "
                "finds latents by descent"
            )
        return np.asarray(self.module.apply(self.variables(), images, method="encode"))

    @property
    def has_encoder(self) -> bool:
        return hasattr(self.module, "encode")

    def variables(self, truncation: float | None = None) -> PyTree:
        """Return the network's variables for a truncation: weights and standing statistics."""
        t = self.truncation(truncation)
        if t not in self._known:
            if self.truncations is None:
                self._known[t] = self._computed(t)
            else:
                stored = {k: self._known[k] for k in self.truncations}
                definition = self.config.sample.truncation_definition
                self._known[t] = truncations.interpolated(stored, t, definition)
        return {"params": self.weights, "batch_stats": self._known[t]}

    def truncation(self, value: float | None = None) -> float:
        """Return a truncation that this generator can sample, or say which it can."""
        value = self.config.sample.truncation if value is None else value
        return truncations.checked(value, self.config, self.truncations)

    def statistics_shapes(self) -> PyTree:
        """Return shapes and dtypes of the standing statistics for one truncation."""
        z = jax.ShapeDtypeStruct((2, self.latent_dim), jnp.float32)
        labels = jax.ShapeDtypeStruct((2,), jnp.int32)
        return jax.eval_shape(self._batch_moments, self.weights, z, labels)

    def tabulated(self, truncations: Sequence[float]) -> "TrainedGenerator":
        """Return this generator with statistics for these truncations, others interpolated."""
        known = {t: self.variables(t)["batch_stats"] for t in map(self.truncation, truncations)}
        return TrainedGenerator(self.config, self.weights, known, self.step)

    def untabulated(self) -> "TrainedGenerator":
        """Return this generator with statistics that are computed for each truncation."""
        if self.truncations is None:
            return self
        return TrainedGenerator(self.config, self.weights, None, self.step)

    def fingerprint(self) -> str:
        """Return a hash of the run's config and step: which generator made an image."""
        config = self.config.to_dict()
        for free in ("train", "evaluate", "mesh"):
            config.pop(free, None)
        text = json.dumps([config, self.step], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def class_id(self, name: str | int) -> int:
        """Return the number of a class, given by name or number."""
        return class_names.class_id(name, self.class_names)

    def _draw(self, classes, count, seed, truncation):
        chosen = None if classes is None else [self.class_id(c) for c in classes]
        n = (1 if chosen is None else len(chosen)) if count is None else count
        if n < 1 or chosen == []:
            raise ValueError(f"count = {n}, classes = {classes!r}: write at least one")
        z, labels = self.draw(np.arange(n), seed, truncation)
        return z, labels if chosen is None else np.resize(np.array(chosen, np.int32), n)

    def rows_at_once(self, n: int) -> int:
        """Return how many rows to compute at once for n: one of few, since each is compiled."""
        images, pixels = MOST_AT_ONCE
        most = min(images, max(pixels // math.prod(self.image_shape[:2]), 1))
        each = -(-n // self._mesh.size)
        return min(most, next(s for s in (images, 8, 1) if s <= each)) * self._mesh.size

    def _batch_moments(self, weights, latents, labels):
        key = jax.random.key(0)  # not used: this prior has nothing to draw
        return standing_stats(
            self.module, weights, lambda key, n: (latents, labels), key, 1, len(latents)
        )

    def _computed(self, truncation: float) -> PyTree:
        """Return standing statistics: those of Sampler.prepare, but compiled for any truncation."""
        settings, devices = self.config.sample, self._mesh.size
        prior = sampling_prior(self.config, len(self.class_names), truncation)
        batch = settings.standing_batch
        # On any number of devices the same latents: where they cannot share, all make all.
        split = sharding.replicated if batch % devices else sharding.rows
        total = None
        for key in jax.random.split(jax.random.key(0), settings.standing_batches):
            drawn = jax.device_put(prior(key, batch), split(self._mesh))
            stats = self._moments(self.weights, *drawn)
            total = stats if total is None else jax.tree.map(jnp.add, total, stats)
        return jax.tree.map(lambda s: s / settings.standing_batches, total)


def load(path: str | Path, config: ConfigDict | None = None) -> TrainedGenerator:
    """Return the generator of a run's newest checkpoint, or of an exported file.

    Args:
      path: a work directory, or a .safetensors file that `jaxgan export` wrote.
      config: for other values of config.sample.

    Raises:
      FileNotFoundError, ValueError: with one line that says what is wrong with the path.
    """
    path = Path(path).absolute()
    if path.is_file():
        from jaxgan.trained.export import read_generator

        return read_generator(path, config)
    config = ConfigDict((config or saved(path)).to_dict())
    config.mesh.fsdp = 1  # sampling keeps whole weights
    run = load_run(path, config)
    with Checkpoints(path / "checkpoints") as checkpoints:
        state = checkpoints.restore_newest(abstract_state(run))
    return from_state(run, state)


def from_state(
    run: Run, state: TrainState, compiled: TrainedGenerator | None = None
) -> TrainedGenerator:
    """Return the generator of a state.

    compiled: of another state of this run, whose compiled programs are taken.
    """
    transform = run.gan.generator.transform
    weights, _ = jax.jit(transform.apply)(state.average, state.generator.transform_state)
    # To the host: of several processes each samples on its own devices.
    weights, step = jax.device_get(weights), int(state.step)
    if compiled is None:
        return TrainedGenerator(run.config, weights, step=step)
    found = copy.copy(compiled)
    found.weights, found.step, found._known = (
        jax.device_put(weights, sharding.replicated(found._mesh)),
        step,
        {},
    )
    return found


def _mixed(params: PyTree, mixtures: jax.Array) -> PyTree:
    """Return parameters whose embeddings have a row for each mixture [n, num_classes]."""
    flat = flatten_dict(params, sep="/")
    for path, leaf in flat.items():
        if path.rpartition("/")[2] == "embedding":
            flat[path] = jnp.dot(mixtures, leaf, precision="highest")
    return unflatten_dict(flat, sep="/")
