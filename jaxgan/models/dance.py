"""Everybody Dance Now (arXiv 1808.07371): a film of poses becomes a film of a person.

    G   frame_t = F(pose_t, frame_(t - 1)), frame_0 = zeros; F is the residual network of
        models/cyclegan.py, with pose and frame as channels: c7s1-w, `halvings` strided
        convolutions, `blocks` residual blocks, as many transposed convolutions, c7s1-channels, tanh
    D   PatchGANs at several scales (models/spade.py), of two successive frames and their two poses,
        all as channels

G is one scan over the frames, so a film may have any length. Training unrolls the two frames of
each clip; the first has zeros before it, like the first frame of every film. There is no noise and
no dropout, which would flicker.

With `temporal` False every frame has zeros before it, and D sees single frames: the game of
pix2pixHD (arXiv 1711.11585), the paper's control.

Deviations: the paper's network for the face and the second stage of pix2pixHD at twice the size are
not here; D's coarser scales are means of 2 x 2 pixels.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models import spade
from jaxgan.models.cyclegan import Translator
from jaxgan.models.pix2pix import refuse_size
from jaxgan.models.sides import linen, sample_shape

UNROLLED = 2  # frames of a turn of the scan: a clip of two needs no loop


class Frame(nn.Module):
    """Map the previous frame [b, h, w, channels] and a pose [b, h, w, c] to a pair: what the next
    call gets as its previous frame, and the frame."""

    channels: int
    width: int
    blocks: int
    halvings: int
    temporal: bool

    @nn.compact
    def __call__(self, before: jax.Array, pose: jax.Array) -> tuple[jax.Array, jax.Array]:
        network = Translator(
            self.channels, self.width, self.blocks, False, self.halvings, name="network"
        )
        frame = network((), jnp.concatenate([pose, before], -1))
        return frame if self.temporal else before, frame


class Generator(nn.Module):
    """Map poses [b, t, h, w, c] to frames [b, t, h, w, channels]."""

    channels: int
    width: int
    blocks: int
    halvings: int
    temporal: bool

    def setup(self):
        scanned = nn.scan(
            Frame,
            variable_broadcast="params",
            split_rngs={"params": False},
            in_axes=1,
            out_axes=1,
            unroll=UNROLLED,
        )
        self.frame = scanned(self.channels, self.width, self.blocks, self.halvings, self.temporal)

    def __call__(self, noise: tuple, poses: jax.Array) -> jax.Array:
        b, _, height, width, _ = poses.shape
        return self.follow(jnp.zeros((b, height, width, self.channels), poses.dtype), poses)

    def follow(self, before: jax.Array, poses: jax.Array) -> jax.Array:
        """Return the frames of poses, given the frame [b, h, w, channels] before the first."""
        return self.frame(before, poses)[1]


class Discriminator(nn.Module):
    """Map frames and poses [b, t, h, w, c] to logits [b, n, h', w'] for each scale, of the n = t -
    1 pairs of successive frames; without `temporal`, of the n = t frames."""

    width: int
    layers: int
    scales: int
    temporal: bool

    def setup(self):
        self.judge = spade.Discriminator(self.width, self.layers, self.scales)

    def __call__(self, frames: jax.Array, poses: jax.Array) -> tuple[jax.Array, ...]:
        return tuple(found[-1] for found in self.activations(frames, poses))

    def activations(self, frames: jax.Array, poses: jax.Array) -> tuple[tuple[jax.Array, ...], ...]:
        """Return for each scale the features of every layer, [b, n, h', w', c], and the logits."""
        seen = [successive(x) if self.temporal else x for x in (frames, poses)]
        b, n = seen[0].shape[:2]
        found = self.judge.activations(*(x.reshape(b * n, *x.shape[2:]) for x in seen))
        return jax.tree.map(lambda x: x.reshape(b, n, *x.shape[1:]), found)


def successive(frames: jax.Array) -> jax.Array:
    """Return the pairs of successive frames of [b, t, h, w, c] as channels: [b, t - 1, h, w, 2
    c]."""
    return jnp.concatenate([frames[:, :-1], frames[:, 1:]], -1)


AT_LEAST = {
    "blocks": 0,
    "halvings": 0,
    "patch_layers": 0,
    "scales": 1,
}  # the smallest values of fields


def default_config() -> ConfigDict:
    """Return the networks of the paper's first stage, for frames of 256 x 512."""
    return ConfigDict(
        {
            "name": "dance",
            "width": 64,  # channels of the first layer of each network
            "blocks": 9,
            "halvings": 4,  # strided convolutions of F
            "temporal": True,  # each frame sees the one before; False: frame by frame
            "patch_layers": 3,  # strided convolutions of a judge: 3 see 70 x 70 pixels
            "scales": 3,  # discriminators, each at half the size of the one before
        }
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return generator and discriminator for clips [frames, height, width, channels] and poses."""
    frames, height, width, channels = sample_shape(spec, "clips of poses", 4)
    if len(getattr(spec.condition, "shape", ())) != 4:
        raise ValueError(
            "model.name: this network makes clips of poses, but the data come with "
            f"{spec.condition}: write data.medium = 'posed_clips', or another model"
        )
    if config.temporal and frames < 2:
        raise ValueError(
            f"data.size[0] = {frames} with model.temporal: clips of 2 frames or more, or write "
            "model.temporal=False"
        )
    for name in ("halvings", "patch_layers", "scales"):
        if config[name] < 1:
            raise ValueError(f"model.{name} = {config[name]}: write 1 or more")
    refuse_size((height, width), 2 ** max(config.halvings, config.scales - 1))
    # The last norm of each network must see at least 2 x 2 pixels.
    least = {
        f"model.halvings = {config.halvings}": 2 << config.halvings,
        f"model.patch_layers = {config.patch_layers} and model.scales = {config.scales}": 3
        << config.patch_layers + config.scales - 1,
    }
    for what, pixels in least.items():
        if min(height, width) < pixels:
            raise ValueError(
                f"{what} need frames of {pixels} pixels or more: write less for {height} x {width}"
            )
    temporal = bool(config.temporal)
    generator = Generator(channels, config.width, config.blocks, config.halvings, temporal)
    discriminator = Discriminator(config.width, config.patch_layers, config.scales, temporal)
    return {
        "generator": linen(generator, spec.noise, spec.condition, calls=("follow",)),
        "discriminator": linen(discriminator, spec.sample, spec.condition, calls=("activations",)),
    }
