"""Next-frame prediction by Mathieu, Couprie and LeCun (arXiv 1511.05440): four scales, coarse to
fine.

    y_k = u_k + tanh(G_k(x_k, u_k)),   u_k = y_(k-1) at twice the size;   coarsest: tanh(G_1(x_1))

x_k are the given frames at scale k, as channels. G_k are convolutions that keep the size, with ReLU
between; D_k are convolutions without padding, ReLU, and three linear layers. They see x_k and a
frame, side by side as channels, so a logit judges a frame *after its own past*. The layers are from
the authors' published code, for colour patches of 32 x 32; smaller patches leave out the finest
scales. G is a convolution, so it can afterwards predict frames of any size that is divisible by 8.

Several frames are predicted one by one: each predicted frame joins the given ones, and the oldest
leaves. The same holds in training; the paper's networks learn one frame (data.size of context + 1).

Our choices, where the authors' are not known to us: small scales are means of 2 x 2 pixels, u
repeats pixels, He's rule draws the kernels, and each of several frames has its own logits. No
latents.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models.convolution import average_pool, conv, upsample
from jaxgan.models.layers import Conv, Dense
from jaxgan.models.pooling import max_pool
from jaxgan.models.sides import linen, sample_shape

he = nn.initializers.he_normal()
# Side of a patch -> the generator's kernel sizes, and its hidden channels in units of `width`.
GENERATORS = {
    4: ((3, 3, 3, 3), (1, 2, 1)),
    8: ((5, 3, 3, 5), (1, 2, 1)),
    16: ((5, 3, 3, 3, 3, 5), (1, 2, 4, 2, 1)),
    32: ((7, 5, 5, 5, 5, 7), (1, 2, 4, 2, 1)),
}
# Side of a patch -> kernel size, and channels in units of 2 `width`, of each convolution; whether
# max pooling follows.
DISCRIMINATORS = {
    4: (((3, 1),), False),
    8: (((3, 1), (3, 1), (3, 2)), False),
    16: (((5, 1), (5, 1), (5, 2)), False),
    32: (((7, 1), (7, 1), (5, 2), (5, 4)), True),
}
HIDDEN = (16, 8)  # in units of `width`: the discriminators' linear layers


def pyramid(clips: jax.Array, scales: int) -> list[jax.Array]:
    """Return clips [b, t, h, w, c] at every scale, coarsest first, the last unchanged."""
    found = [clips]
    for _ in range(scales - 1):
        frames = average_pool(found[-1].reshape(-1, *found[-1].shape[2:]))
        found.append(frames.reshape(*clips.shape[:2], *frames.shape[1:]))
    return found[::-1]


def as_channels(clips: jax.Array) -> jax.Array:
    """Return clips [b, t, h, w, c] as images [b, h, w, t c], the frames one after the other."""
    b, t, h, w, c = clips.shape
    return jnp.moveaxis(clips, 1, 3).reshape(b, h, w, t * c)


class Scale(nn.Module):
    """Map given frames and a guess, as channels [b, h, w, n], to [b, h, w, channels]."""

    kernels: tuple[int, ...]
    maps: tuple[int, ...]

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        for i, (size, features) in enumerate(zip(self.kernels, self.maps, strict=True)):
            x = Conv(features, size, kernel_init=he, name=f"conv_{i}")(nn.relu(x) if i else x)
        return jnp.tanh(x)


class Generator(nn.Module):
    """Map given frames [b, k, h, w, c] to the `frames` that follow, [b, frames, h, w, c].

    sides: side of a patch at each scale, which determines the scale's layers.
    """

    sides: tuple[int, ...]
    width: int
    channels: int
    frames: int

    def setup(self):
        self.nets = [
            Scale(kernels, (*(m * self.width for m in maps), self.channels))
            for kernels, maps in (GENERATORS[side] for side in self.sides)
        ]

    def __call__(self, noise: tuple[()], given: jax.Array) -> jax.Array:
        return self.scales(noise, given)[-1]

    def scales(self, noise: tuple[()], given: jax.Array) -> list[jax.Array]:
        """Return the predicted frames at every scale, coarsest first."""
        found = []
        for _ in range(self.frames):
            found.append(self._next(given))
            given = jnp.concatenate([given[:, 1:], found[-1][-1][:, None]], 1)
        return [jnp.stack(frames, 1) for frames in zip(*found, strict=True)]

    def _next(self, given: jax.Array) -> list[jax.Array]:
        """Return the next frame [b, h_k, w_k, c] at every scale."""
        made = []
        for net, clips in zip(self.nets, pyramid(given, len(self.nets)), strict=True):
            past = as_channels(clips)
            if not made:
                made.append(net(past))
                continue
            guess = upsample(made[-1])
            made.append(guess + net(jnp.concatenate([past, guess], -1)))
        return made


class Judge(nn.Module):
    """Map given frames and one more, as channels [b, h, w, n], to logits [b]."""

    convolutions: tuple[tuple[int, int], ...]
    pooled: bool
    hidden: tuple[int, ...]

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        for i, (size, features) in enumerate(self.convolutions):
            x = nn.relu(Valid(features, size, name=f"conv_{i}")(x))
        x = max_pool(x) if self.pooled else x
        x = x.reshape(x.shape[0], -1)
        for i, features in enumerate(self.hidden):
            x = nn.relu(Dense(features, kernel_init=he, name=f"linear_{i}")(x))
        return Dense(1, kernel_init=he, name="to_logits")(x)[:, 0]


class Valid(nn.Module):
    """Convolve [b, h, w, in] without padding: size - 1 rows and columns less."""

    features: int
    size: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        shape = (self.size, self.size, x.shape[-1], self.features)
        kernel, reach = self.param("kernel", he, shape), self.size // 2
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        return conv(x, kernel)[:, reach:-reach, reach:-reach] + bias.reshape(1, 1, 1, -1)


class Discriminator(nn.Module):
    """Map frames [b, t, h, w, c] and those given before them [b, k, h, w, c] to logits.

    The result is a list of [b, t], one per scale, coarsest first: each frame is judged after the k
    frames before it.
    """

    sides: tuple[int, ...]
    width: int

    def setup(self):
        self.judges = [
            Judge(
                tuple((size, 2 * m * self.width) for size, m in convolutions),
                pooled,
                tuple(m * self.width for m in HIDDEN),
            )
            for convolutions, pooled in (DISCRIMINATORS[side] for side in self.sides)
        ]

    def __call__(self, clips: jax.Array, given: jax.Array) -> list[jax.Array]:
        return self.judge(self.pyramid(clips), given)

    def pyramid(self, clips: jax.Array) -> list[jax.Array]:
        """Return clips at every scale, coarsest first."""
        return pyramid(clips, len(self.sides))

    def judge(self, scales: list[jax.Array], given: jax.Array) -> list[jax.Array]:
        """Return the logits of frames that are already given at every scale."""
        logits, k = [], given.shape[1]
        for judge, clips, past in zip(self.judges, scales, self.pyramid(given), strict=True):
            whole = jnp.concatenate([past, clips], 1)
            count = clips.shape[1]
            windows = [as_channels(whole[:, t : t + k + 1]) for t in range(count)]
            found = judge(jnp.stack(windows, 1).reshape(-1, *windows[0].shape[1:]))
            logits.append(found.reshape(-1, count))
        return logits


def default_config() -> ConfigDict:
    """Return the authors' nets."""
    return ConfigDict({"name": "next_frame", "width": 16})  # of G's first maps; half of D's


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return generator and discriminator for frames and those given before them."""
    shape, _ = given_and_next(spec)
    frames, height, width, channels = shape
    if height != width or height not in tuple(GENERATORS)[1:]:
        raise ValueError(
            f"data.size = {height} x {width}: these networks learn from patches; write 32 x 32, "
            "16 x 16 or 8 x 8"
        )
    patches = tuple(side for side in GENERATORS if side <= height)
    generator = Generator(patches, config.width, channels, frames)
    discriminator = Discriminator(patches, config.width)
    calls = ("judge", "pyramid")
    return {
        "generator": linen(generator, spec.noise, spec.condition, calls=("scales",)),
        "discriminator": linen(discriminator, spec.sample, spec.condition, calls=calls),
    }


def given_and_next(spec: Spec) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the shapes of the frames to predict and of the given ones; refuse other data."""
    shape = sample_shape(spec, "frames [time, height, width, channels] that follow others", 4)
    given = getattr(spec.condition, "shape", ())
    if len(given) != 4:
        raise ValueError(
            f"model.name: this network predicts frames from those before, but the data come with "
            f"{spec.condition}: write data.medium = 'next_frames', or another model"
        )
    return shape, given
