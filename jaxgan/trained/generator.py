"""A trained generator to sample from: needs no data set and no config file.

    g = jaxgan.load("runs/first")                     # or an exported .safetensors file
    images = g.sample(classes=["Sneaker", 3], seed=0, truncation=0.5)

Sample i depends on (seed, i), its class and the truncation alone.

Standing statistics (game/sampling.py) belong to one truncation. For a run they are computed for
each truncation that is used. A file holds them for a few; truncations.py interpolates between them.
"""

import copy
import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, SupportsIndex

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict
from PIL import Image

from jaxgan.build import medium_of, noise_spec, sampling_prior, sides
from jaxgan.devices import compiler, sharding
from jaxgan.game import sampling
from jaxgan.game.seeds import SEEDS, checked_seed
from jaxgan.media.pictures import picture
from jaxgan.trained import class_names, truncations
from jaxgan.trained.calls import in_parts, refuse_not_finite, rows_at_once

PyTree = Any
MOST_KNOWN = 32  # truncations whose computed statistics are kept


class TrainedGenerator:
    """Weights, statistics and class names of a generator.

    Args:
      config: the run's resolved config.
      weights: what the network is applied with (after the transform).
      statistics: {truncation: batch_stats}, where 0 means no truncation; None computes them as
        needed.
      step: the training step.

    Raises:
      ValueError: weights that are not finite; names the first such leaf.
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
        self.medium = medium_of(config)
        self.side = sides(config, self.medium.spec)["generator"]
        self._mesh = sharding.create_mesh(devices=jax.local_devices())
        self._set(weights, step)
        example = (jnp.zeros((2, self.latent_dim)), jnp.zeros(2, jnp.int32))
        made = jax.eval_shape(self.side.calls["call"], {"params": self.weights}, *example)
        self.image_shape = made.shape[1:]  # BigBiGAN's encoder may see larger images
        stored = jax.eval_shape(self.medium.to_stored, made)
        self.stored = jax.ShapeDtypeStruct(stored.shape[1:], stored.dtype)  # what `sample` returns
        self._apply = compiler.jit(self.apply)
        self._prepare = compiler.jit(self._variables, static_argnums=2)
        self._encode = compiler.jit(self._encoded)
        self._prepare_encoder = compiler.jit(self._encoder_variables)
        self._known = {} if statistics is None else dict(statistics)
        self._fingerprint = ""

    def __repr__(self) -> str:
        size = "x".join(map(str, self.image_shape))
        return (
            f"TrainedGenerator({self.config.model.name}, {size}, {len(self.class_names)} classes, "
            f"step {self.step})"
        )

    def sample(
        self,
        classes: Sequence[str | int] | str | int | None = None,
        count: int | None = None,
        seed: int = 0,
        truncation: float | None = None,
    ) -> np.ndarray:
        """Return images [n, height, width, channels], uint8 or, for 16-bit data, uint16; or samples
        of another medium as it stores them.

        Args:
          classes: names or numbers, one per image; by default drawn at random.
          count: number of images; classes repeat cyclically. By default as many as classes, or one.
          seed: in [0, 2^32); image i is made from latents number i of this seed.
          truncation: threshold of the latents; smaller is less varied and cleaner. 0 means none; by
            default it is the config's.

        Raises:
          ValueError: an argument out of its range, or images that are not finite.
        """
        z, labels = self._draw(classes, count, seed, truncation)
        return self.medium.to_stored(self.generate(z, labels, truncation))

    def pictures(self, *args: Any, **kwargs: Any) -> list[Image.Image]:
        """Return what `sample` returns, as 8-bit PIL images."""
        return [picture(image) for image in self.medium.pictures(self.sample(*args, **kwargs))]

    def latents(
        self, indices: Sequence[int] | np.ndarray, seed: int = 0, truncation: float | None = None
    ) -> np.ndarray:
        """Return the latents [n, latent_dim] float32 with these indices [n] under a seed."""
        return self.draw(indices, seed, truncation)[0]

    def draw(
        self, indices: Sequence[int] | np.ndarray, seed: int = 0, truncation: float | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return latents [n, latent_dim] float32 and labels [n] int32 with these indices under a
        seed.

        Draw i depends on (seed, i) alone; labels are uniform.
        """
        indices = np.asarray(indices)
        n = len(indices)
        if not n or indices.min() < 0 or indices.max() >= SEEDS // 2:
            raise ValueError(f"indices = {indices}: write one or more, in [0, 2^31)")
        prior = sampling_prior(self.config, self.truncation(truncation))
        padded = np.resize(indices.astype(np.int32), max(64, 1 << (n - 1).bit_length()))
        # Not jitted: a jit would compile again for each truncation, single operations do not.
        drawn = sampling.draw(prior, checked_seed(seed), jnp.asarray(padded))
        z, labels = (np.asarray(x)[:n] for x in drawn)
        return z, labels

    def generate(
        self, latents: np.ndarray, labels: np.ndarray, truncation: float | None = None
    ) -> np.ndarray:
        """Return images [n, height, width, channels] float32 in [-1, 1].

        Args:
          latents: [n, latent_dim], finite.
          labels: [n] int in [0, num_classes), or [n, num_classes] float: mixtures of classes.
          truncation: which statistics to sample with.

        Raises:
          ValueError: another shape, a label out of range, or values that are not finite.
        """
        z, y = self._checked(latents, labels)
        variables, spread = self.variables(truncation), sharding.rows(self._mesh)
        made = lambda *rows: self._apply(variables, *jax.device_put(rows, spread))
        return in_parts(made, self.rows_at_once(len(z)), z, y)

    def apply(self, variables: PyTree, latents: jax.Array, labels: jax.Array) -> jax.Array:
        """Apply the network: a pure, differentiable function; see `generate` and `variables`."""
        return sampling.generate(self.side, variables, latents, labels)

    def translate(self, images: Any, seed: int = 0) -> np.ndarray:
        """Raise ValueError: this generator makes images from latents and classes, by `sample`."""
        raise ValueError(
            f"model {self.config.model.name!r} translates no images, it makes them from latents: "
            "write sample"
        )

    def encode(self, images: np.ndarray) -> np.ndarray:
        """Return the latents [n, latent_dim] that the model's own encoder gives to images.

        The encoder's batch norms use standing statistics over generated images, since a file has no
        others. (trained/encoder.py computes them over the data.)

        Args:
          images: [n, height, width, channels] float32 in [-1, 1], of the data's size or the
            generator's; the latter are enlarged for an encoder that takes larger ones.

        Raises:
          ValueError: a model without an encoder (BiGAN and its relatives have one: `has_encoder`).
        """
        if not self.has_encoder:
            raise ValueError(
                f"model {self.config.model.name!r} has no encoder: write jaxgan invert, which "
                "finds latents by descent"
            )
        found = self._encode(self._prepare_encoder(self.variables()), np.float32(images))
        return np.asarray(found)

    @property
    def has_encoder(self) -> bool:
        """Whether the model has an encoder of its own."""
        return "encode" in self.side.calls

    def variables(self, truncation: float | None = None) -> PyTree:
        """Return the network's variables for a truncation: weights and standing statistics."""
        t = self.truncation(truncation)
        if t not in self._known:
            if self.truncations is None:
                self._remember(t, self._computed(t))
            else:
                stored = {k: self._known[k] for k in self.truncations}
                definition = self.config.sample.truncation_definition
                self._remember(t, truncations.interpolated(stored, t, definition))
        stats = self._known[t]
        return {"params": self.weights, "batch_stats": stats} if stats else {"params": self.weights}

    def truncation(self, value: float | None = None) -> float:
        """Return a truncation that this generator can sample with; ValueError for another."""
        wanted = self.config.sample.truncation if value is None else value
        return truncations.checked(wanted, self.config, self.truncations)

    def statistics_shapes(self) -> PyTree:
        """Return shapes and dtypes of the standing statistics of one truncation."""
        return jax.eval_shape(self._untruncated, self.weights).get("batch_stats", {})

    def tabulated(self, truncations: Iterable[float]) -> "TrainedGenerator":
        """Return this generator with statistics for these truncations; others are interpolated."""
        wanted = map(self.truncation, truncations)
        known = {t: self.variables(t).get("batch_stats", {}) for t in wanted}
        return TrainedGenerator(self.config, self.weights, known, self.step)

    def untabulated(self) -> "TrainedGenerator":
        """Return this generator with statistics that are computed for each truncation."""
        if self.truncations is None:
            return self
        return TrainedGenerator(self.config, self.weights, None, self.step)

    def with_weights(self, weights: PyTree, step: int) -> "TrainedGenerator":
        """Return a generator of this network with other weights, without compiling again."""
        found = copy.copy(self)
        found._set(weights, step)
        found._known, found.truncations, found._fingerprint = {}, None, ""
        return found

    def fingerprint(self) -> str:
        """Return a hash of the weights, the step and the config, to identify the generator of an
        image."""
        if not self._fingerprint:
            config = self.config.to_dict()
            for free in ("train", "evaluate", "mesh"):
                config.pop(free, None)
            digest = hashlib.sha256(json.dumps([config, self.step], sort_keys=True).encode())
            for path, leaf in jax.tree_util.tree_leaves_with_path(jax.device_get(self.weights)):
                digest.update(f"{jax.tree_util.keystr(path)} {leaf.dtype} {leaf.shape}".encode())
                digest.update(np.ascontiguousarray(leaf).tobytes())
            self._fingerprint = digest.hexdigest()[:16]
        return self._fingerprint

    @cached_property
    def takes_class(self) -> bool:
        """Whether images depend on their class."""
        spec = self.medium.spec._replace(noise=noise_spec(self.config))
        return sampling.takes_condition(self.side, spec)

    def refuse_class(self) -> None:
        """Raise ValueError if a class is given to a generator that takes none."""
        if not self.takes_class:
            raise ValueError(
                f"model {self.config.model.name!r} takes no class: leave the classes out"
            )

    def class_id(self, name: str | SupportsIndex) -> int:
        """Return the number of a class, given its name or number."""
        return class_names.class_id(name, self.class_names)

    def rows_at_once(self, n: int) -> int:
        """Return how many of n rows to compute at once; see calls.rows_at_once."""
        return rows_at_once(n, self.image_shape[:-1], self._mesh.size)

    def _set(self, weights: PyTree, step: int) -> None:
        refuse_not_finite(weights)
        self.weights = jax.device_put(weights, sharding.replicated(self._mesh))
        self.step = step

    def _draw(self, classes, count, seed, truncation):
        if isinstance(classes, str | int | np.integer):
            classes = [classes]
        if classes is not None:
            self.refuse_class()
        chosen = None if classes is None else [self.class_id(c) for c in classes]
        n = (1 if chosen is None else len(chosen)) if count is None else count
        if n < 1 or chosen == []:
            raise ValueError(f"count = {n}, classes = {classes!r}: write at least one")
        z, labels = self.draw(np.arange(n), seed, truncation)
        return z, labels if chosen is None else np.resize(np.array(chosen, np.int32), n)

    def _checked(self, latents: Any, labels: Any) -> tuple[np.ndarray, np.ndarray]:
        z, y, classes = np.asarray(latents, np.float32), np.asarray(labels), len(self.class_names)
        if z.ndim != 2 or z.shape[1] != self.latent_dim or not len(z):
            raise ValueError(
                f"latents are {list(z.shape)}: write [n, {self.latent_dim}] with n above 0"
            )
        if not np.isfinite(z).all():
            raise ValueError(f"latents of sample {np.argmin(np.isfinite(z).all(1))} are not finite")
        mixed = y.ndim == 2
        one_each = y.ndim in (1, 2) and len(y) == len(z)
        if not one_each or (mixed and y.shape[1] != max(classes, 1)):
            raise ValueError(
                f"labels are {list(y.shape)} for {len(z)} latents: write [{len(z)}] numbers, or "
                f"[{len(z)}, {max(classes, 1)}] shares of the classes"
            )
        if mixed:
            y = y.astype(np.float32)
            if not np.isfinite(y).all():
                raise ValueError("labels: shares of the classes must be finite")
            return z, y
        if not np.issubdtype(y.dtype, np.integer):
            raise ValueError(f"labels are {y.dtype}: write whole numbers, or shares of the classes")
        if y.min() < 0 or y.max() >= max(classes, 1):
            bad = y[(y < 0) | (y >= max(classes, 1))][0]
            raise ValueError(f"label {bad}: write a number from 0 to {max(classes, 1) - 1}")
        return z, y.astype(np.int32)

    def _remember(self, truncation: float, stats: PyTree) -> None:
        """Keep the statistics of a few truncations: a slider asks for any number of them."""
        computed = [t for t in self._known if t not in (self.truncations or ())]
        if len(computed) >= MOST_KNOWN:
            del self._known[computed[0]]
        self._known[truncation] = stats

    def _untruncated(self, weights: PyTree) -> PyTree:
        return self._variables(weights, None, False)

    def _variables(self, weights: PyTree, threshold: Any, is_truncated: bool) -> PyTree:
        """Return the variables for a truncation, a traced number, so that one program serves
        all."""
        settings, mesh = self.config.sample, self._mesh
        prior = sampling_prior(self.config, threshold if is_truncated else 0.0)
        # The same latents on any number of devices: if they cannot be split evenly, all make all.
        even = settings.standing_batch % mesh.size == 0
        split = sharding.rows(mesh) if even else sharding.replicated(mesh)

        def inputs(key: jax.Array) -> PyTree:
            drawn = prior(key, settings.standing_batch)
            return jax.lax.with_sharding_constraint(drawn, split)

        return sampling.variables(self.side, weights, inputs, settings.standing_batches)

    def _computed(self, truncation: float) -> PyTree:
        """Return the standing statistics for a truncation."""
        found = self._prepare(self.weights, jnp.float32(truncation), bool(truncation))
        return found.get("batch_stats", {})

    def _encoder_variables(self, generated: PyTree) -> PyTree:
        """Return the encoder's variables: statistics over images made with the generator's
        variables."""
        settings = self.config.sample
        prior = sampling_prior(self.config)
        size = min(settings.standing_batch, 64)

        def images(key: jax.Array) -> tuple[jax.Array]:
            return (self._enlarged(self.apply(generated, *prior(key, size))),)

        batches = min(settings.standing_batches, 16)
        return sampling.variables(self.side, generated["params"], images, batches, call="encode")

    def _enlarged(self, images: jax.Array) -> jax.Array:
        """Repeat the pixels of generated images up to the size that the encoder takes."""
        times = self.medium.spec.sample.shape[0] // images.shape[1]
        return images.repeat(times, 1).repeat(times, 2) if times > 1 else images

    def _encoded(self, variables: PyTree, images: jax.Array) -> jax.Array:
        return self.side.calls["encode"](variables, self._enlarged(images))
