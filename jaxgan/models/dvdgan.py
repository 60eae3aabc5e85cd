"""DVD-GAN (arXiv 1907.06571) and TriVD-GAN (2003.04035): BigGAN for clips, judged by two heads.

    G    c = [z, e(y)]; a linear map of c to 4 x 4, the same for every frame; then for each doubling
         a recurrent unit over time (recurrent.py) and two of BigGAN's blocks, the second of which
         doubles. Blocks treat frames as images; their batch norms are conditioned on all of c, and
         every time step has its own moments
    D    one head for frames and one for clips: clip_heads.py

`unit = "tsru_s"` with `heads = "trivd"` is TriVD-GAN. Its paper predicts what follows given frames;
here it generates clips from noise, as DVD-GAN does.

This follows the second version of DVD-GAN's paper, without attention in G. The authors' widths are
not known to us: here they are BigGAN's.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict
from ml_collections.config_dict import placeholder

from jaxgan.game.game import Side, Spec
from jaxgan.models import biggan
from jaxgan.models.attention import placed
from jaxgan.models.biggan import (
    ATTENTION,
    DISCRIMINATOR_WIDTHS,
    GENERATOR_WIDTHS,
    GeneratorBlock,
)
from jaxgan.models.clip_heads import HEADS, Discriminator, Temporal, folded
from jaxgan.models.halvings import doublings, refuse_widths
from jaxgan.models.layers import BatchNorm, ConditionalBatchNorm, Conv, Dense, Dtype, Embed
from jaxgan.models.recurrent import UNITS, Recurrent
from jaxgan.models.sides import linen, num_classes, sample_shape

LEAST = 16  # pixels per side: D_T sees half of them, in two blocks


class Generator(nn.Module):
    """Map latents [b, latent_dim] and labels [b] to clips [b, t, h, w, channels] in [-1, 1].

    clip_shape: (t, h, w, channels). widths: channels of each stage, coarsest first.
    """

    clip_shape: tuple[int, ...]
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


AT_LEAST = {"frames": 1}  # the smallest values of fields


def default_config() -> ConfigDict:
    """Return DVD-GAN at any size; None asks for BigGAN's tables."""
    return ConfigDict(
        {
            "name": "dvdgan",
            "width": 96,
            "latent_dim": 120,
            "embedding_dim": 120,
            "unit": "conv_gru",  # or tsru_c, tsru_p, tsru_s
            "heads": "dvd",  # or trivd; frames: nothing judges motion
            "frames": 8,  # number of frames of a clip that D_S sees
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
    refuse_widths("generator_widths", len(g_widths), height, width)
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
    of_frames = half if config.heads == "trivd" else whole
    temporal = Temporal(num_classes(spec), *_widths(config.width, half), **shared)
    trunk = biggan.Trunk(*_widths(config.width, of_frames), _attention(config, of_frames), **shared)
    judge = Discriminator(
        biggan.Discriminator(trunk, num_classes(spec)),
        None if config.heads == "frames" else temporal,
        config.frames,
        config.heads,
    )
    made = linen(judge, spec.sample, spec.condition, features="__call__")
    return {
        "generator": linen(generator, spec.noise, spec.condition),
        "discriminator": made._replace(looks=True),
    }


def _widths(width: int, size: tuple[int, int]) -> tuple[tuple[int, ...], int]:
    """Return the widths of a head that sees images of this size, and how many of its blocks
    halve."""
    found = DISCRIMINATOR_WIDTHS[doublings(*size)]
    return tuple(m * width for m in found), len(found) - 1


def _attention(config: ConfigDict, size: tuple[int, int]) -> int:
    asked, halvings = config.discriminator_attention, doublings(*size)
    wanted = ATTENTION.get(size[0], (0, 0))[1] if asked is None else asked
    places = [size[0] >> i for i in range(1, halvings + 1)]
    return placed("model.discriminator_attention", wanted, places)
