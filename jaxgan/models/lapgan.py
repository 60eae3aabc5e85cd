"""LAPGAN (arXiv 1506.05751): a pyramid of generators, each of which adds the detail of one
resolution.

    I_0 = G_0(z_0)                      a small image (here a quarter of the size)
    l_k = up(I_k-1),  I_k = l_k + G_k(l_k, z_k)         twice as large: blurred image plus detail

z_k is a plane of noise, one number per pixel. The latents are z_0 (the first `coarse_dim` numbers)
followed by the planes, so `latent_dim` must be their sum. D_k judges an image I_k of its resolution
together with its blurred version l_k; D is the sum of the logits of all levels.

In training each level gets the blurred real image (`details`), so that levels learn independently
of each other (objectives/lapgan.py). `beyond` applies the last level once more, to make an image
twice as large as any in training.

Deviations: up repeats pixels and its inverse averages 2 x 2, in place of Burt's filters; D_k sees
I_k and l_k as channels, in place of l_k + detail alone; unconditional, so labels are ignored. The
networks are DCGAN's at every level; the paper's are dense at the coarsest and shallow above.
"""

from functools import reduce
from operator import add

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models import dcgan
from jaxgan.models.convolution import average_pool, upsample
from jaxgan.models.halvings import doublings
from jaxgan.models.layers import Conv, Dense
from jaxgan.models.sides import image_shape, linen

LEVELS = 2  # above the coarsest


def blurred(images: jax.Array) -> jax.Array:
    """Return l: images [b, h, w, c] without their finest detail."""
    return upsample(average_pool(images))


def pyramid(images: jax.Array) -> list[jax.Array]:
    """Return images at every resolution, coarsest first."""
    levels = [images]
    for _ in range(LEVELS):
        levels.append(average_pool(levels[-1]))
    return levels[::-1]


class Detail(nn.Module):
    """Map a blurred image [b, h, w, c] and noise [b, h, w] to detail [b, h, w, c], at any size."""

    width: int

    @nn.compact
    def __call__(self, images: jax.Array, noise: jax.Array) -> jax.Array:
        x = jnp.concatenate([images, noise[..., None]], -1)
        for i in range(2):
            x = nn.relu(Conv(self.width, name=f"conv_{i}")(x))
        return Conv(images.shape[-1], name="to_detail")(x)


class Generator(nn.Module):
    """Map latents [b, latent_dim] to images [b, height, width, channels]; labels are ignored."""

    image_shape: tuple[int, int, int]
    width: int
    coarse_width: int
    coarse_dim: int
    eps: float

    def setup(self):
        height, width, channels = self.image_shape
        self.sizes = [(height >> LEVELS - k, width >> LEVELS - k) for k in range(LEVELS + 1)]
        n = doublings(*self.sizes[0])
        widths = tuple(self.coarse_width << i for i in range(n))
        self.coarse = dcgan.Generator((*self.sizes[0], channels), widths[::-1], self.eps)
        self.levels = [Detail(self.width) for _ in range(LEVELS)]

    def parts(self, latents: jax.Array) -> list[jax.Array]:
        """Return z_0 [b, coarse_dim] and the planes of noise [b, h, w]."""
        parts, place = [latents[:, : self.coarse_dim]], self.coarse_dim
        for h, w in self.sizes[1:]:
            parts.append(latents[:, place : place + h * w].reshape(-1, h, w))
            place += h * w
        return parts

    def __call__(self, latents: jax.Array, labels: jax.Array) -> jax.Array:
        return self.stages(latents, labels)[-1]

    def stages(self, latents: jax.Array, labels: jax.Array) -> list[jax.Array]:
        """Return the image at every resolution, coarse to fine."""
        first, *planes = self.parts(latents)
        images = [self.coarse(first, labels)]
        for level, plane in zip(self.levels, planes, strict=True):
            blur = upsample(images[-1])
            images.append(blur + level(blur, plane))
        return images

    def details(self, images: jax.Array, latents: jax.Array, labels: jax.Array) -> list[jax.Array]:
        """Return a generated image of every resolution, whose detail was made for a real blurred
        image."""
        first, *planes = self.parts(latents)
        made = [self.coarse(first, labels)]
        for level, plane, real in zip(self.levels, planes, pyramid(images)[1:], strict=True):
            made.append(blurred(real) + level(blurred(real), plane))
        return made

    def beyond(self, latents: jax.Array, labels: jax.Array, noise: jax.Array) -> jax.Array:
        """Return images [b, 2 height, 2 width, c]; noise [b, 2 height, 2 width]."""
        blur = upsample(self(latents, labels))
        return blur + self.levels[-1](blur, noise)


class Judge(nn.Module):
    """Map an image [b, h, w, c], with its blurred version as further channels, to logits [b]."""

    widths: tuple[int, ...]

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        for i, features in enumerate(self.widths):
            x = nn.leaky_relu(dcgan.Halved(features, name=f"conv_{i}")(x), 0.2)
        return Dense(1, name="linear")(x.reshape(x.shape[0], -1))[:, 0]


class Discriminator(nn.Module):
    """Map images [b, h, w, c] to logits [b], the sum over levels; labels are ignored."""

    image_shape: tuple[int, int, int]
    width: int
    coarse_width: int

    def setup(self):
        height, width, _ = self.image_shape
        stages = [doublings(height >> LEVELS - k, width >> LEVELS - k) for k in range(LEVELS + 1)]
        first = [self.coarse_width] + LEVELS * [self.width]
        widths = [[w << i for i in range(n)] for w, n in zip(first, stages, strict=True)]
        self.judges = [Judge(tuple(w)) for w in widths]

    def __call__(self, images: jax.Array, labels: jax.Array) -> jax.Array:
        levels = pyramid(images)
        return reduce(add, self.judge_levels(levels, levels))

    def pyramid(self, images: jax.Array) -> list[jax.Array]:
        """Return images [b, h, w, c] at every resolution, coarsest first."""
        return pyramid(images)

    def judge_levels(self, images: list[jax.Array], real: list[jax.Array]) -> list[jax.Array]:
        """Return logits [b] of an image at every resolution, each beside the blurred real image."""
        inputs = [images[0]]
        inputs += [
            jnp.concatenate([image, blurred(x)], -1)
            for image, x in zip(images[1:], real[1:], strict=True)
        ]
        return [judge(x) for judge, x in zip(self.judges, inputs, strict=True)]


AT_LEAST = {"coarse_dim": 1, "coarse_width": 1}  # the smallest values of fields


def default_config() -> ConfigDict:
    """Return a network for 32 x 32: 100 numbers and planes of 16 x 16 and 32 x 32."""
    return ConfigDict(
        {
            "name": "lapgan",
            "width": 64,
            "coarse_width": 256,  # channels of the coarsest level, which makes all but the detail
            "coarse_dim": 100,
            "latent_dim": 100 + 1280,
            "batch_norm_eps": 1e-5,
        }
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return generator and discriminator for images [height, width, channels]."""
    shape = image_shape(spec)
    height, width, _ = shape
    if height % 8 or width % 8 or min(height, width) < 32:
        raise ValueError(f"data.size = {height} x {width}: write multiples of 8, 32 at least")
    needed = config.coarse_dim + sum((height >> k) * (width >> k) for k in range(LEVELS))
    if config.latent_dim != needed:
        raise ValueError(
            f"model.latent_dim = {config.latent_dim}: the coarse image's {config.coarse_dim} and "
            f"the noise of {LEVELS} levels are {needed}; write {needed}"
        )
    widths = config.width, config.coarse_width
    generator = Generator(shape, *widths, config.coarse_dim, config.batch_norm_eps)
    return {
        "generator": linen(
            generator, spec.noise, spec.condition, calls=("stages", "details", "beyond")
        ),
        "discriminator": linen(
            Discriminator(shape, *widths),
            spec.sample,
            spec.condition,
            calls=("judge_levels", "pyramid"),
        ),
    }
