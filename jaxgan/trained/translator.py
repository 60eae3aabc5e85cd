"""A trained translator: images in, images out; needs no data set and no config file.

    t = jaxgan.load("runs/pix2pix")            # or an exported .safetensors file
    pictures = t.translate(sources, seed=0)    # [n, height, width, channels] of any size that fits

A result depends only on the image and the seed: the noise of a seed, if the network takes any, is
the same for every image. A network that draws captions takes text vectors [n, d] instead of images;
one that makes sounds takes conditions [n, frames, k], such as mel spectrograms, with any number of
frames.
"""

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax.errors import ScopeParamShapeError
from ml_collections import ConfigDict
from PIL import Image

from jaxgan.build import medium_of, noise_spec, sampling_prior, sides, takes_text
from jaxgan.devices import compiler, sharding
from jaxgan.files.errors import one_line
from jaxgan.game import sampling, texts
from jaxgan.game.game import Label
from jaxgan.game.seeds import checked_seed
from jaxgan.media.medium import Batch, Number
from jaxgan.media.pictures import picture
from jaxgan.trained import tiles
from jaxgan.trained.calls import in_parts, refuse_not_finite, rows_at_once
from jaxgan.trained.sources import checked_frames, checked_images, checked_texts, lengthened

PyTree = Any
IMAGES = "images are made from images, by translate(images)"
MADE_FROM = {  # axes of a source: what is made from it
    1: "images are made from text vectors, by translate(vectors)",
    2: "sounds are made from conditions, by translate(conditions)",
    4: "clips are made from clips, by translate(clips)",
}


def is_translator(config: ConfigDict) -> bool:
    """Return whether a resolved config's generator is conditioned on images, texts or frames (not
    on labels or numbers)."""
    condition = medium_of(config).spec.condition
    return condition != () and not isinstance(condition, Label | Number)


class Translator:
    """Weights of a network that translates images, draws captions or makes sounds.

    Args:
      config: the run's resolved config.
      weights: what the network is applied with (after the transform).
      step: the training step.
      kept: text vectors of the training (game/texts.py), for the standing statistics of a network
        with batch norm; or
      moments: these statistics.

    Raises:
      ValueError: weights that are not finite; names the first such leaf.
    """

    def __init__(
        self,
        config: ConfigDict,
        weights: PyTree,
        step: int = 0,
        kept: PyTree = None,
        moments: PyTree = None,
    ):
        self.config = config
        self.medium = medium_of(config)
        self.side = sides(config, self.medium.spec)["generator"]
        self.source_shape = self.medium.stored.condition.shape
        self.image_shape = self.medium.stored.sample.shape
        self._call = self.side.calls["call"]
        self._mesh = sharding.create_mesh(devices=jax.local_devices())
        self._apply = compiler.jit(self._stored)
        self._floats = compiler.jit(self._made)
        self._standing = compiler.jit(self._standing_variables)
        self._set(weights, step, kept, moments)

    def __repr__(self) -> str:
        size, source = ("x".join(map(str, s)) for s in (self.image_shape, self.source_shape))
        return f"Translator({self.config.model.name}, {source} to {size}, step {self.step})"

    def __getattr__(self, name: str) -> Any:
        """Raise AttributeError with what a translator has instead of latents and classes."""
        axes = len(self.__dict__.get("source_shape", ()))  # missing while it is copied
        raise AttributeError(f"a translator has no {name!r}: its {MADE_FROM.get(axes, IMAGES)}")

    @property
    def takes_film(self) -> bool:
        """Whether the network makes clips, each frame from the one before it (models/dance.py)."""
        return "follow" in self.side.calls

    @property
    def predicts(self) -> bool:
        """Whether the network predicts the frames after given ones (media/next_frames.py)."""
        return self.config.data.medium == "next_frames"

    @property
    def takes_text(self) -> bool:
        """Whether the network draws captions."""
        return takes_text(self.config, self.medium.spec)

    @property
    def makes_sounds(self) -> bool:
        """Whether the network makes sounds from conditions [frames, k], with any number of
        frames."""
        return len(self.source_shape) == 2

    @property
    def hop(self) -> int:
        """Number of sound samples per frame."""
        return self.image_shape[0] // self.source_shape[0]

    def translate(self, images: Any, seed: int = 0, tile: int = 0, overlap: int = 32) -> np.ndarray:
        """Return translated images [n, height, width, channels], uint8 or, for 16 bits, uint16;
        from clips of poses, [n, frames, height, width, channels]; from frames of sound, [n,
        samples, channels] int16.

        Args:
          images: [n, height, width, channels] with the channels of `source_shape`, uint8 or uint16
            as the data; or a sequence of PIL images of one size. Any size that the network can
            halve. For a network that draws captions: text vectors [n, text_dim], of any length but
            0. For one that makes sounds: [n, frames, k] floats, one frame or more.
          seed: in [0, 2^32), of the network's noise.
          tile, overlap: for images too large for the memory: they are cut into tiles of `tile`
            pixels that overlap (tiles.py), all with the same noise. 0: whole images.

        Raises:
          ValueError: another shape or dtype, or a size that does not fit, with what must divide it.
        """
        sources, noise = self._checked(images), self.noise(checked_seed(seed))
        if tile:
            self.refuse_tiles(sources.shape[1:3], tile, overlap)
            make = partial(self._in_batches, self._floats, noise)
            floats = np.stack([tiles.tiled(make, source, tile, overlap) for source in sources])
            return np.asarray(self.medium.to_stored(floats))
        frames = sources.shape[1]
        if self.medium.silence is not None:
            sources = lengthened(sources, self.medium.silence)
        self.refuse_source(sources.shape[1:])
        found = self._in_batches(self._apply, noise, sources)
        return found[:, : frames * self.hop] if self.makes_sounds else found

    def _in_batches(self, apply: Callable, noise: PyTree, sources: np.ndarray) -> np.ndarray:
        """Return the results of `apply` for sources [n, ...], computed in batches."""
        n, spread = len(sources), sharding.rows(self._mesh)
        pixels = self.image_shape[:2] if self.takes_text else sources.shape[1:-1]
        if self.makes_sounds:
            pixels = (sources.shape[1] * self.hop,)
        size = rows_at_once(n, pixels, self._mesh.size)
        run = lambda rows: apply(self.variables, noise, jax.device_put(rows, spread))
        made, finite = in_parts(run, size, sources)
        if not finite.all():
            raise ValueError(
                f"image {int(np.argmin(finite))} of {n} is not finite: the weights are damaged, or "
                "the training has diverged"
            )
        return made

    def pictures(self, images: Any, seed: int = 0) -> list[Image.Image]:
        """Return what `translate` returns, as 8-bit PIL images."""
        return [picture(image) for image in self.medium.pictures(self.translate(images, seed))]

    def noise(self, seed: int) -> PyTree:
        """Return the noise of a seed for one image, leaves [1, ...]; () for a network without
        noise."""
        if not jax.tree.leaves(noise_spec(self.config)):
            return ()
        return sampling.draw(sampling_prior(self.config, 0.0), seed, [0])[0]

    def apply(self, variables: PyTree, noise: PyTree, sources: jax.Array) -> jax.Array:
        """Apply the network: a pure, differentiable function. Returns float32 images in [-1, 1], or
        a little beyond for a network without a final tanh (srgan).

        Args:
          variables: `self.variables`: {"params": weights} and, for a network with batch norm, its
            standing statistics.
          noise: leaves [1, ...], the same for all images; see `noise`.
          sources: [n, height, width, channels] float32 in [-1, 1]; for label maps, shares of the
            classes (media/maps.py); or text vectors [n, text_dim] of length sqrt(text_dim).
        """
        each = lambda x: jnp.broadcast_to(x, (sources.shape[0], *x.shape[1:]))
        return self._call(variables, jax.tree.map(each, noise), sources)

    def refuse_size(self, height: int, width: int) -> None:
        """Raise ValueError for a size that the network cannot translate; nothing is computed."""
        self.refuse_source((*self.source_shape[:-3], height, width, self.source_shape[-1]))

    def refuse_tiles(self, size: tuple[int, int], tile: int, overlap: int) -> None:
        """Raise ValueError for tiles of images [height, width] that the network cannot translate,
        or whose spacing it cannot."""
        if len(self.source_shape) != 3:
            raise ValueError(f"tile = {tile}: only images have tiles; leave it out")
        tiles.refuse(tile, overlap)
        shift = tile - overlap
        for name, wanted in (
            (f"tile = {tile}", tuple(min(tile, side) for side in size)),
            (f"overlap = {overlap}, tiles {shift} pixels apart", (shift, shift)),
        ):
            try:
                self.refuse_size(*wanted)
            except ValueError as error:
                raise ValueError(f"{name}: {one_line(error)}") from None

    def refuse_source(self, shape: tuple[int, ...]) -> None:
        """Raise ValueError for a source shape that the network cannot take."""
        source = jax.ShapeDtypeStruct((1, *shape), self.medium.stored.condition.dtype)
        noise = jax.tree.map(lambda x: jnp.zeros((1, *x.shape)), noise_spec(self.config))
        try:
            jax.eval_shape(self._stored, self.variables, noise, source)
        except ScopeParamShapeError as error:
            raise ValueError(
                f"sources are {list(shape)}: write {list(self.source_shape)}, as in the training"
            ) from error

    def back(self) -> "Translator":
        """Return the translator of the opposite direction, for a model that has both (CycleGAN).

        Raises ValueError for a model that translates one way.
        """
        if "to_a" not in self.side.calls:
            raise ValueError(
                f"model {self.config.model.name!r} translates one way: leave --back out"
            )
        found, to_a = copy.copy(self), self.side.calls["to_a"]
        found.source_shape, found.image_shape = self.image_shape, self.source_shape
        found._call = lambda variables, noise, images: to_a(variables, images)
        found._apply, found._floats = compiler.jit(found._stored), compiler.jit(found._made)
        return found

    def with_weights(self, weights: PyTree, step: int, kept: PyTree = None) -> "Translator":
        """Return a translator of this network with other weights, without compiling again."""
        found = copy.copy(self)
        found._set(weights, step, kept)
        return found

    @property
    def variables(self) -> PyTree:
        """What the network is applied with; see `apply`."""
        stats = {"batch_stats": self.moments} if self.moments else {}
        return {"params": self.weights, **stats}

    def moments_shapes(self) -> PyTree:
        """Return the shapes of the standing statistics; {} for a network without batch norm."""
        if not self.takes_text:
            return {}
        empty = texts.empty(self.source_shape[0])
        return jax.eval_shape(self._standing_variables, self.weights, empty).get("batch_stats", {})

    def _standing_variables(self, weights: PyTree, kept: PyTree) -> PyTree:
        settings, prior = self.config.sample, sampling_prior(self.config, 0.0)
        sizes = settings.standing_batches, settings.standing_batch
        return texts.variables(self.side, weights, prior, kept, *sizes)

    def _stored(self, variables: PyTree, noise: PyTree, rows: jax.Array):
        """Return stored images from stored sources, and which of them are finite, [n]."""
        made, finite = self._made(variables, noise, rows)
        return self.medium.to_stored(made), finite

    def _made(self, variables: PyTree, noise: PyTree, rows: jax.Array):
        """Return float images from stored sources, and which of them are finite, [n]."""
        sources = self.medium.to_float(Batch((), rows)).condition
        made = self.apply(variables, noise, sources)
        return made, jnp.isfinite(made).all(tuple(range(1, made.ndim)))

    def _set(self, weights: PyTree, step: int, kept: PyTree = None, moments: PyTree = None) -> None:
        refuse_not_finite(weights)
        self.weights = jax.device_put(weights, sharding.replicated(self._mesh))
        self.step, self.moments = step, moments or {}
        if kept is not None:
            kept = jax.device_put(jax.device_get(kept), sharding.replicated(self._mesh))
            self.moments = self._standing(self.weights, kept).get("batch_stats", {})

    def _checked(self, sources: Any) -> np.ndarray:
        if self.takes_text:
            return checked_texts(sources, self.source_shape[0])
        if self.makes_sounds:
            return checked_frames(sources, self.source_shape[1], self.medium.silence)
        stored = self.medium.stored.condition.dtype
        return checked_images(sources, self.source_shape, stored, self.medium.condition_of)
