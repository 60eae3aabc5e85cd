"""DVD-GAN (arXiv 1907.06571) and TriVD-GAN (2003.04035): BigGAN for clips, judged by two heads.

    G    c = [z, e(y)]; a linear map of c to 4 x 4, the same at every frame; then for each doubling
         a recurrent unit over time (recurrent.py) and two of BigGAN's blocks, the second of which
         doubles. Blocks see frames as images; their batch norms are conditioned on all of c, and
         every time step has moments of its own
    D_S  BigGAN's discriminator on `frames` frames of a clip; the logit is the sum over them
    D_T  the same with 3 x 3 x 3 kernels in its first two blocks, on the whole clip made smaller

What the heads see is `heads`: "dvd": D_S frames as they are, D_T clips averaged over 2 x 2 pixels;
"trivd": D_S frames averaged over 2 x 2, D_T crops of half the sides at full resolution, which is
where fast motion is. The logits are [D_S, D_T], and a loss is the sum of both heads' (losses.each).
`unit = "tsru_s"` with `heads = "trivd"` is TriVD-GAN, of which the paper predicts what follows
given frames; here it makes clips of noise, as DVD-GAN does.

In training the frames and the crops are drawn anew in every turn, for each clip apart; the draws
come with the weights, as the collection "looks" of the variables. Without it (scores, the watch)
frames are evenly spaced and crops are of the middle.

This is the second version of DVD-GAN's paper, without attention in G. Not known to us are the
authors' widths (here BigGAN's) and what the 3-D blocks do to time: here they halve it with the
sides, where it is even.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict
from ml_collections.config_dict import placeholder

from jaxgan.game.game import Side, Spec
from jaxgan.models import biggan
from jaxgan.models.attention import placed
from jaxgan.models.biggan import (
    ATTENTION,
    DISCRIMINATOR_WIDTHS,
    GENERATOR_WIDTHS,
    DiscriminatorBlock,
    GeneratorBlock,
    ProjectionHead,
    doublings,
)
from jaxgan.models.convolution import average_pool
from jaxgan.models.convolution_nd import conv_3d
from jaxgan.models.layers import (
    BatchNorm,
    ConditionalBatchNorm,
    Conv,
    Dense,
    Dtype,
    Embed,
    orthogonal,
)
from jaxgan.models.recurrent import UNITS, Recurrent
from jaxgan.models.sides import linen, num_classes, sample_shape

HEADS = ("dvd", "trivd")
LEAST = 16  # pixels of a side: D_T sees half of them, in two blocks
BLOCKS_3D = 2


def folded(clips: jax.Array) -> jax.Array:
    """Return clips [b, t, h, w, c] as frames [b * t, h, w, c], those of a clip together."""
    return clips.reshape(-1, *clips.shape[2:])


def halved(clips: jax.Array) -> jax.Array:
    """Average clips [b, t, h, w, c] over 2 x 2 pixels: [b, t, h / 2, w / 2, c]."""
    frames = average_pool(folded(clips))
    return frames.reshape(*clips.shape[:2], *frames.shape[1:])


def some_frames(clips: jax.Array, count: int, key: jax.Array | None) -> jax.Array:
    """Return frames [b, count, h, w, c] of clips [b, t, h, w, c], each at most once.

    key: draws them uniformly, for each clip apart; None takes evenly spaced ones.
    """
    b, t = clips.shape[:2]
    if key is None:
        return clips[:, np.linspace(0, t - 1, count).round().astype(int)]
    chosen = jnp.argsort(jax.random.uniform(key, (b, t)))[:, :count]
    return jnp.take_along_axis(clips, chosen[:, :, None, None, None], 1)


def cropped(clips: jax.Array, key: jax.Array | None) -> jax.Array:
    """Return crops [b, t, h / 2, w / 2, c] of clips: one place for all frames of a clip.

    key: draws the places, for each clip apart; None takes the middle.
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


class Generator(nn.Module):
    """Map latents [b, latent_dim] and labels [b] to clips [b, t, h, w, channels] in [-1, 1].

    clip_shape: (t, h, w, channels). widths: channels of each stage, coarsest first.
    """

    clip_shape: tuple[int, int, int, int]
    num_classes: int
    widths: tuple[int, ...]
    embedding_dim: int
    unit: str
    eps: float
    remat: bool = False
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array) -> jax.Array:
        t, height, width, channels = self.clip_shape
        first, *stages = self.widths
        rows, columns = height >> len(stages), width >> len(stages)
        condition = latents
        if self.num_classes:
            embedded = Embed(self.num_classes, self.embedding_dim, name="embedding")(labels)
            condition = jnp.concatenate([latents, embedded], -1)
        block = nn.remat(GeneratorBlock) if self.remat else GeneratorBlock

        def norm(name: str) -> nn.Module:
            return ConditionalBatchNorm(eps=self.eps, dtype=self.dtype, steps=t, name=name)

        x = Dense(rows * columns * first, dtype=self.dtype, name="linear")(condition)
        x = x.reshape(-1, 1, rows, columns, first)
        for i, features in enumerate(stages):
            own = x.shape[-1]
            unit = Recurrent(self.unit, own, t, self.remat, self.dtype, name=f"recurrent_{i}")
            x = folded(unit(x))
            x = block(own, norm, dtype=self.dtype, up=False, name=f"same_{i}")(x, condition)
            x = block(features, norm, dtype=self.dtype, name=f"up_{i}")(x, condition)
            x = x.reshape(-1, t, *x.shape[1:])
        x = BatchNorm(self.eps, dtype=self.dtype, steps=t, name="norm")(folded(x))
        x = Conv(channels, dtype=self.dtype, name="to_frames")(nn.relu(x))
        return jnp.tanh(x.astype(jnp.float32)).reshape(-1, *self.clip_shape)


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
    """DiscriminatorBlock over space and time: `down` halves the sides, and time if it is even."""

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
        return ProjectionHead(self.num_classes, name="head")(x, labels)


class Discriminator(nn.Module):
    """Map clips [b, t, h, w, c] and labels [b] to the logits [b] of D_S and of D_T, a list.

    frames: how many of a clip D_S sees. heads: one of HEADS.
    """

    spatial: biggan.Discriminator
    temporal: Temporal
    frames: int
    heads: str

    def __call__(self, clips: jax.Array, labels: jax.Array) -> list[jax.Array]:
        frames_key = crops_key = None
        if self.has_variable("looks", "key"):
            key = self.get_variable("looks", "key")
            frames_key, crops_key = jax.random.fold_in(key, 0), jax.random.fold_in(key, 1)
        if self.heads == "dvd":
            frames, small = some_frames(clips, self.frames, frames_key), halved(clips)
        else:
            frames = halved(some_frames(clips, self.frames, frames_key))
            small = cropped(clips, crops_key)
        of_frames = self.spatial(folded(frames), jnp.repeat(labels, self.frames, axis=0))
        return [of_frames.reshape(-1, self.frames).sum(1), self.temporal(small, labels)]


def default_config() -> ConfigDict:
    """Return DVD-GAN at any size; None asks for BigGAN's tables."""
    return ConfigDict(
        {
            "name": "dvdgan",
            "width": 96,
            "latent_dim": 120,
            "embedding_dim": 120,
            "unit": "conv_gru",  # or tsru_c, tsru_p, tsru_s
            "heads": "dvd",  # or trivd
            "frames": 8,  # that D_S sees of a clip
            "generator_widths": placeholder(tuple),
            "discriminator_attention": placeholder(int),  # of D_S
            "batch_norm_eps": 1e-4,
            "remat": False,
            "dtype": "float32",
        }
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return generator and discriminator for clips [time, height, width, channels]."""
    shape = sample_shape(spec, "clips [time, height, width, channels]", 4)
    t, height, width = shape[:3]
    for name, known in (("unit", tuple(UNITS)), ("heads", HEADS)):
        if config[name] not in known:
            words = " or ".join(map(repr, known))
            raise ValueError(f"model.{name} = {config[name]!r}: write {words}")
    if not 1 <= config.frames <= t:
        raise ValueError(f"model.frames = {config.frames} of clips of {t}: write 1 to {t}")
    if min(height, width) < LEAST or height % 4 or width % 4:
        raise ValueError(
            f"data.size = {t} x {height} x {width}: one head sees half of the sides; write "
            f"multiples of 4, {LEAST} at least"
        )
    shared = {"remat": config.remat, "dtype": jnp.dtype(config.dtype)}
    g_widths = config.generator_widths or GENERATOR_WIDTHS[doublings(height, width)]
    generator = Generator(
        shape,
        num_classes(spec),
        tuple(m * config.width for m in g_widths),
        config.embedding_dim,
        config.unit,
        config.batch_norm_eps,
        **shared,
    )
    whole, half = (height, width), (height // 2, width // 2)
    of_frames, of_clips = (whole, half) if config.heads == "dvd" else (half, half)
    judge = Discriminator(
        biggan.Discriminator(
            num_classes(spec),
            *_widths(config.width, of_frames),
            attention=_attention(config, of_frames),
            **shared,
        ),
        Temporal(num_classes(spec), *_widths(config.width, of_clips), **shared),
        config.frames,
        config.heads,
    )
    made = linen(judge, spec.sample, spec.condition, features="__call__")
    return {
        "generator": linen(generator, spec.noise, spec.condition),
        "discriminator": made._replace(looks=True),
    }


def _widths(width: int, size: tuple[int, int]) -> tuple[tuple[int, ...], int]:
    """Return the widths of a head that sees images of this size, and how many blocks halve."""
    found = DISCRIMINATOR_WIDTHS[doublings(*size)]
    return tuple(m * width for m in found), len(found) - 1


def _attention(config: ConfigDict, size: tuple[int, int]) -> int:
    asked, halvings = config.discriminator_attention, doublings(*size)
    wanted = ATTENTION.get(size[0], (0, 0))[1] if asked is None else asked
    places = [size[0] >> i for i in range(1, halvings + 1)]
    return placed("model.discriminator_attention", wanted, places)
