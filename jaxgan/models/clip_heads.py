"""Discriminators of clips: a head that sees some frames, and one that sees the clip (DVD-GAN,
TriVD-GAN).

    D_S  BigGAN's discriminator on `frames` frames of a clip; the logit is the sum over them
    D_T  the same with 3 x 3 x 3 kernels in its first two blocks, on the whole clip made smaller

`heads` decides what they see. "dvd" (arXiv 1907.06571): D_S full frames, D_T clips averaged over
2 x 2 pixels. "trivd" (2003.04035): D_S frames averaged over 2 x 2, D_T crops of half the height and
width at full resolution, where fast motion is visible. "frames" is a control: "dvd" without D_T, so
that nothing judges motion. The logits are the list [D_S, D_T]; a loss is the sum over the heads
(losses.each).

In training the frames and the crops are drawn again in every turn, separately for each clip; the
draws come with the weights, as the collection "looks" of the variables. Without it (scores, the
watch) frames are evenly spaced and crops are from the middle.

Not known to us: how the authors' 3-D blocks treat time. Here they halve it together with height and
width, wherever it is even.
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.models import biggan
from jaxgan.models.biggan import DiscriminatorBlock, ProjectionHead
from jaxgan.models.convolution import average_pool
from jaxgan.models.convolution_nd import conv_3d
from jaxgan.models.layers import Conv, Dtype, orthogonal

HEADS = ("dvd", "trivd", "frames")
BLOCKS_3D = 2


def folded(clips: jax.Array) -> jax.Array:
    """Return clips [b, t, h, w, c] as frames [b * t, h, w, c], clip by clip."""
    return clips.reshape(-1, *clips.shape[2:])


def halved(clips: jax.Array) -> jax.Array:
    """Average clips [b, t, h, w, c] over 2 x 2 pixels: [b, t, h / 2, w / 2, c]."""
    frames = average_pool(folded(clips))
    return frames.reshape(*clips.shape[:2], *frames.shape[1:])


def some_frames(clips: jax.Array, count: int, key: jax.Array | None) -> jax.Array:
    """Return frames [b, count, h, w, c] of clips [b, t, h, w, c], each at most once.

    key: draws them uniformly, separately for each clip; None takes evenly spaced ones.
    """
    b, t = clips.shape[:2]
    if key is None:
        return clips[:, np.linspace(0, t - 1, count).round().astype(int)]
    chosen = jnp.argsort(jax.random.uniform(key, (b, t)))[:, :count]
    return jnp.take_along_axis(clips, chosen[:, :, None, None, None], 1)


def cropped(clips: jax.Array, key: jax.Array | None) -> jax.Array:
    """Return crops [b, t, h / 2, w / 2, c] of clips, at the same place in all frames of a clip.

    key: draws the places, separately for each clip; None takes the middle.
    """
    b, t, h, w, channels = clips.shape
    size = (t, h // 2, w // 2, channels)
    if key is None:
        top, left = h // 4, w // 4
        return clips[:, :, top : top + h // 2, left : left + w // 2]
    ends = np.array([[h - h // 2 + 1, w - w // 2 + 1]])
    places = jax.random.randint(key, (b, 2), 0, ends)
    cut = lambda clip, place: jax.lax.dynamic_slice(clip, (0, place[0], place[1], 0), size)
    return jax.vmap(cut)(clips, places)


class Conv3D(nn.Module):
    """Convolve [b, t, h, w, in] with a kernel of 3 x 3 x 3, zero padding, and add a bias."""

    features: int
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        kernel = self.param("kernel", orthogonal, (3, 3, 3, x.shape[-1], self.features))
        bias = self.param("bias", nn.initializers.zeros, (self.features,)).astype(self.dtype)
        y = conv_3d(x.astype(self.dtype), kernel.astype(self.dtype))
        return y + bias.reshape(1, 1, 1, 1, -1)


class Block3D(nn.Module):
    """DiscriminatorBlock over space and time: `down` halves height and width, and time if it is
    even."""

    features: int
    down: bool
    preactivate: bool = True
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        h = nn.relu(x) if self.preactivate else x
        h = nn.relu(Conv3D(self.features, self.dtype, name="conv_0")(h))
        h = Conv3D(self.features, self.dtype, name="conv_1")(h)
        if self.down:
            h, x = self.pooled(h), self.pooled(x)
        if self.down or x.shape[-1] != self.features:
            frames = Conv(self.features, 1, dtype=self.dtype, name="skip")(folded(x))
            x = frames.reshape(*x.shape[:-1], self.features)
        return h + x

    @staticmethod
    def pooled(x: jax.Array) -> jax.Array:
        x = halved(x)
        if x.shape[1] % 2:
            return x
        return x.reshape(x.shape[0], -1, 2, *x.shape[2:]).mean(2)


class Temporal(nn.Module):
    """Map clips [b, t, h, w, c] and labels [b] to logits [b]: D_T.

    downsamples: how many of the blocks halve the resolution (the first ones).
    """

    num_classes: int
    widths: tuple[int, ...]
    downsamples: int
    remat: bool = False
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, clips: jax.Array, labels: jax.Array) -> jax.Array:
        x = clips.astype(self.dtype)
        deep = nn.remat(Block3D) if self.remat else Block3D
        flat = nn.remat(DiscriminatorBlock) if self.remat else DiscriminatorBlock
        for i, features in enumerate(self.widths[:BLOCKS_3D]):
            down = i < self.downsamples
            x = deep(features, down, i > 0, self.dtype, name=f"block_{i}")(x)
        b, t = x.shape[:2]
        x = folded(x)
        for i, features in enumerate(self.widths[BLOCKS_3D:], BLOCKS_3D):
            x = flat(features, i < self.downsamples, dtype=self.dtype, name=f"block_{i}")(x)
        x = nn.relu(x).astype(jnp.float32).reshape(b, t, *x.shape[1:]).sum((1, 2, 3))
        logits: Any = ProjectionHead(self.num_classes, name="head")(x, labels)
        return logits


class Discriminator(nn.Module):
    """Map clips [b, t, h, w, c] and labels [b] to the logits [b] of D_S and of D_T, a list.

    frames: how many frames of a clip D_S sees. heads: one of HEADS; "frames" has no D_T.
    """

    spatial: biggan.Discriminator
    temporal: Temporal | None
    frames: int
    heads: str

    def __call__(self, clips: jax.Array, labels: jax.Array) -> list[jax.Array]:
        frames_key = crops_key = None
        if self.has_variable("looks", "key"):
            key = self.get_variable("looks", "key")
            frames_key, crops_key = jax.random.fold_in(key, 0), jax.random.fold_in(key, 1)
        frames = some_frames(clips, self.frames, frames_key)
        if self.heads == "trivd":
            frames = halved(frames)
        of_frames: Any = self.spatial(folded(frames), jnp.repeat(labels, self.frames, axis=0))
        logits = [of_frames.reshape(-1, self.frames).sum(1)]
        if self.temporal is not None:
            small = cropped(clips, crops_key) if self.heads == "trivd" else halved(clips)
            logits.append(self.temporal(small, labels))
        return logits
