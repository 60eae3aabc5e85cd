"""MCNet (Villegas et al., ICLR 2017): predict the next frames from motion and content, separately.

    motion    differences of frames: convolutions of 5, 5 and 7 with 2 x 2 max pooling, then a
              ConvLSTM
    content   the last frame: two, two and three 3 x 3 convolutions, with max pooling between
    both      side by side, three 3 x 3 convolutions; and for each resolution, before its pooling,
              two ("links"), which join the decoder there
    decoder   the mirror image of the content: unpooling with zeros, 3 x 3 convolutions, tanh

The motion part first reads the differences of the given frames. Then the frames are predicted one
by one: the difference of each to the frame before is read next, and it becomes the last frame. D
sees all frames, given and predicted, as channels of one image: four 5 x 5 convolutions of stride 2,
batch norm except in the first, leaky ReLU (0.2), and one logit. With its batch norm set
`objective.one_pass` False.

The authors train on gray clips of 128 x 128 (KTH) and predict ten frames from ten. Deviation: their
players also pause while the other is far behind. Layers as in their code; Glorot's initial kernels.
No latents.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models.layers import BatchNorm, Conv, Dense
from jaxgan.models.next_frame import as_channels, given_and_next
from jaxgan.models.pooling import max_pool
from jaxgan.models.recurrent import ConvLSTM
from jaxgan.models.sides import linen

glorot = nn.initializers.glorot_uniform()
State = tuple[jax.Array, jax.Array]
MOTION = ((1, 5), (2, 5), (4, 7))  # maps, times the width, and kernel size
CONTENT = ((1, 1), (2, 2), (4, 4, 4))
DECODER = ((4, 4, 2), (2, 1), (1,))  # the last layer of all makes the frame


def layer(features: int, size: int = 3, name: str = "") -> Conv:
    return Conv(features, size, kernel_init=glorot, name=name)


def unpooled(x: jax.Array) -> jax.Array:
    """Double height and width of [b, h, w, c]: zeros to the right of each pixel and below."""
    b, h, w, c = x.shape
    rows = jnp.stack([x, jnp.zeros_like(x)], 3).reshape(b, h, 2 * w, c)
    return jnp.stack([rows, jnp.zeros_like(rows)], 2).reshape(b, 2 * h, 2 * w, c)


class Motion(nn.Module):
    """Map a state and a difference of frames [b, h, w, c] to the next state, and three maps."""

    width: int

    @nn.compact
    def __call__(self, state: State, x: jax.Array) -> tuple[State, list[jax.Array]]:
        maps = []
        for i, (m, size) in enumerate(MOTION):
            maps.append(nn.relu(layer(m * self.width, size, f"conv_{i}")(x)))
            x = max_pool(maps[-1])
        return ConvLSTM(x.shape[-1], glorot, name="memory")(state, x), maps


class Content(nn.Module):
    """Map a frame [b, h, w, c] to [b, h / 8, w / 8, 4 width], and three maps on the way."""

    width: int

    @nn.compact
    def __call__(self, x: jax.Array) -> tuple[jax.Array, list[jax.Array]]:
        maps = []
        for i, group in enumerate(CONTENT):
            for j, m in enumerate(group):
                x = nn.relu(layer(m * self.width, name=f"conv_{i}_{j}")(x))
            maps.append(x)
            x = max_pool(x)
        return x, maps


class Decoder(nn.Module):
    """Map motion, content and the maps of both to a frame [b, h, w, channels] in [-1, 1]."""

    width: int
    channels: int

    @nn.compact
    def __call__(self, motion: jax.Array, content: jax.Array, maps: list) -> jax.Array:
        x = jnp.concatenate([motion, content], -1)
        for i, m in enumerate((4, 2, 4)):
            x = nn.relu(layer(m * self.width, name=f"both_{i}")(x))
        for i in reversed(range(len(maps))):
            pair = jnp.concatenate(maps[i], -1)
            features = pair.shape[-1] // 2
            link = nn.relu(layer(features, name=f"link_{i}_0")(pair))
            x = nn.relu(unpooled(x) + layer(features, name=f"link_{i}_1")(link))
            for j, m in enumerate(DECODER[len(maps) - 1 - i]):
                x = nn.relu(layer(m * self.width, name=f"up_{i}_{j}")(x))
        return jnp.tanh(layer(self.channels, name="to_frame")(x))


class Generator(nn.Module):
    """Map given frames [b, k, h, w, c] to the `frames` that follow, [b, frames, h, w, c]."""

    width: int
    channels: int
    frames: int

    def setup(self):
        self.motion, self.content = Motion(self.width), Content(self.width)
        self.decoder = Decoder(self.width, self.channels)

    def __call__(self, noise: tuple[()], given: jax.Array) -> jax.Array:
        b, k, h, w, _ = given.shape
        zeros = jnp.zeros((b, h // 8, w // 8, 4 * self.width))
        state, moved = (zeros, zeros), []
        for t in range(1, k):
            state, moved = self.motion(state, given[:, t] - given[:, t - 1])
        last, made = given[:, -1], []
        for t in range(self.frames):
            content, maps = self.content(last)
            made.append(self.decoder(state[0], content, list(zip(moved, maps, strict=True))))
            if t + 1 < self.frames:
                state, moved = self.motion(state, made[-1] - last)
                last = made[-1]
        return jnp.stack(made, 1)

    def scales(self, noise: tuple[()], given: jax.Array) -> list[jax.Array]:
        """Return the same in a list: there is only one scale."""
        return [self(noise, given)]


class Discriminator(nn.Module):
    """Map frames [b, t, h, w, c] and those given before them [b, k, h, w, c] to logits [b]."""

    width: int

    @nn.compact
    def __call__(self, clips: jax.Array, given: jax.Array) -> jax.Array:
        x = as_channels(jnp.concatenate([given, clips], 1))
        for i in range(4):
            conv = Conv(self.width << i, 5, resample="stride", kernel_init=glorot, name=f"conv_{i}")
            x = conv(x)
            x = nn.leaky_relu(BatchNorm(1e-5, name=f"norm_{i}")(x) if i else x, 0.2)
        return Dense(1, kernel_init=glorot, name="to_logits")(x.reshape(x.shape[0], -1))[:, 0]

    def pyramid(self, clips: jax.Array) -> list[jax.Array]:
        """Return the clips in a list: there is one scale."""
        return [clips]

    def judge(self, scales: list[jax.Array], given: jax.Array) -> jax.Array:
        """Return the logits of the only scale."""
        return self(scales[0], given)


def default_config() -> ConfigDict:
    """Return the authors' networks."""
    return ConfigDict({"name": "mcnet", "width": 64})


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return generator and discriminator for frames and those given before them."""
    (frames, height, width, channels), given = given_and_next(spec)
    if given[0] < 2:
        raise ValueError("data.context = 1: motion needs two frames; write 2 or more")
    if height % 16 or width % 16:
        raise ValueError(f"data.size = {height} x {width}: write multiples of 16")
    discriminator = Discriminator(config.width)
    calls = ("judge", "pyramid")
    return {
        "generator": linen(
            Generator(config.width, channels, frames),
            spec.noise,
            spec.condition,
            calls=("scales",),
        ),
        "discriminator": linen(discriminator, spec.sample, spec.condition, calls=calls),
    }
