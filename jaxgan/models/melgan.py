"""MelGAN (arXiv 1910.06711): from a mel spectrogram to its wave, in one pass.

    G   a kernel of 7, then for each factor r of the hop (8, 8, 2, 2: 256 samples per frame) a
        transposed kernel of 2 r with stride r to half the channels, and three residual blocks: a
        shortcut with a kernel of 1, beside a kernel of 3 with dilation 1, 3 or 9 and one of 1; then
        a kernel of 7, tanh
    D   three equal networks, which see the wave itself and averaged once and twice over four
        samples with stride 2: a kernel of 15, four strided ones of 41 in groups of 4 inputs, one of
        5, and one of 3 to logits, one for about every 256 samples. The maps before the logits are
        what G matches

Leaky ReLU (0.2); reflection padding except in the strided layers. No latents: a wave is a function
of its spectrogram. Every kernel has a gain, for `generator.weight_norm` and
`discriminator.weight_norm`; it starts as the kernel's own length, so at first it changes nothing.

The authors' recipe is `objective.name = "melgan"`, Adam with 1e-4 and (0.5, 0.9) for both players,
batches of 16 windows of 8,192 samples at 22,050 Hz, and one D step. Their spectrograms have a
window of 1,024 samples, a hop of 256 and 80 mel bands up to 11,025 Hz, as log10(max(., 1e-5)).

The initial kernels are U(-a, a) with a = 1 / sqrt(number of inputs), PyTorch's default: the
authors' N(0, 0.02^2) is written to an attribute that weight norm overwrites.
"""

import math
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models.convolution_nd import conv_1d, conv_dilated_1d, conv_transpose_1d
from jaxgan.models.sides import linen, sample_shape

DILATIONS = (1, 3, 9)
STRIDE = 4  # of the discriminator's strided layers
MOST = 1024  # largest number of channels of a map


def reflected(x: jax.Array, reach: int) -> jax.Array:
    """Lengthen x [b, t, c] by its mirror image at both ends."""
    return jnp.pad(x, ((0, 0), (reach, reach), (0, 0)), mode="reflect")


class Layer(nn.Module):
    """A convolution whose kernel has a gain, and a bias.

    form: "same" (reflection padding, dilation), "down" (stride and groups) or "up" (transposed,
      with twice as many taps as the stride).
    """

    features: int
    taps: int
    form: str = "same"
    stride: int = 1
    dilation: int = 1
    groups: int = 1

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        inputs, transposed = x.shape[-1] // self.groups, self.form == "up"
        # PyTorch counts the outputs of a transposed layer as its inputs, for both.
        bound = 1 / math.sqrt(self.taps * (self.features if transposed else inputs))
        drawn = lambda key, shape: jax.random.uniform(key, shape, minval=-bound, maxval=bound)
        kernel = self.param("kernel", drawn, (self.taps, inputs, self.features))
        axes = (0, 2) if transposed else (0, 1)
        if self.is_initializing():
            length = jnp.sqrt(jnp.square(kernel).sum(axes, keepdims=True))
            self.param("gain", lambda key: length)
        bias = self.param("bias", drawn, (self.features,))
        reach = self.taps // 2
        if transposed:
            y = conv_transpose_1d(x, kernel, self.stride, (self.stride + 1) // 2)
        elif self.form == "down":
            y = conv_1d(x, kernel, self.stride, self.groups, reach)
        elif self.dilation > 1:
            y = conv_dilated_1d(reflected(x, reach * self.dilation), kernel, self.dilation)
        elif reach:
            y = conv_1d(reflected(x, reach), kernel)[:, reach:-reach]
        else:
            y = conv_1d(x, kernel)
        return y + bias.reshape(1, 1, -1)


leaky = partial(nn.leaky_relu, negative_slope=0.2)


class Generator(nn.Module):
    """Map mel spectrograms [b, f, bins] to waves [b, f x product of the factors, channels]."""

    channels: int
    factors: tuple[int, ...]
    width: int  # of the finest map

    @nn.compact
    def __call__(self, noise: tuple[()], mel: jax.Array) -> jax.Array:
        x = Layer(self.width << len(self.factors), 7, name="first")(mel)
        for i, r in enumerate(self.factors):
            features = self.width << (len(self.factors) - 1 - i)
            x = Layer(features, 2 * r, "up", r, name=f"up_{i}")(leaky(x))
            for n, dilation in enumerate(DILATIONS):
                y = Layer(features, 3, dilation=dilation, name=f"wide_{i}_{n}")(leaky(x))
                y = Layer(features, 1, name=f"mixed_{i}_{n}")(leaky(y))
                x = Layer(features, 1, name=f"shortcut_{i}_{n}")(x) + y
        return jnp.tanh(Layer(self.channels, 7, name="to_wave")(leaky(x)))


class Scale(nn.Module):
    """Map waves [b, t, c] to the maps of one discriminator, each [b, t', c'], the logits last."""

    width: int
    layers: int

    @nn.compact
    def __call__(self, waves: jax.Array) -> list[jax.Array]:
        maps = [leaky(Layer(self.width, 15, name="first")(waves))]
        for i in range(self.layers):
            inputs = maps[-1].shape[-1]
            features = min(STRIDE * inputs, MOST)
            strided = Layer(
                features, 41, "down", STRIDE, groups=max(inputs // 4, 1), name=f"down_{i}"
            )
            maps.append(leaky(strided(maps[-1])))
        features = min(2 * maps[-1].shape[-1], MOST)
        maps.append(leaky(Layer(features, 5, "down", name="next")(maps[-1])))
        maps.append(Layer(1, 3, "down", name="to_logits")(maps[-1]))
        return maps


def pooled(waves: jax.Array) -> jax.Array:
    """Halve waves [b, t, c] by means of four samples with stride 2; samples outside do not
    count."""
    b, t, channels = waves.shape
    pairs = waves.reshape(b, t // 2, 2, channels)
    first = jnp.pad(pairs[:, :-1, 1], ((0, 0), (1, 0), (0, 0)))
    last = jnp.pad(pairs[:, 1:, 0], ((0, 0), (0, 1), (0, 0)))
    count = jnp.full((t // 2,), 4.0, waves.dtype).at[0].add(-1.0).at[-1].add(-1.0)
    return (first + pairs.sum(2) + last) / count.reshape(1, -1, 1)


class Discriminator(nn.Module):
    """Map waves [b, t, c] to logits [b, t'], one array for each scale."""

    scales: int
    width: int
    layers: int

    def setup(self):
        self.scale = [Scale(self.width, self.layers) for _ in range(self.scales)]

    def __call__(self, waves: jax.Array, mel: jax.Array) -> list[jax.Array]:
        return self.maps(waves, mel)[0]

    def maps(self, waves: jax.Array, mel: jax.Array) -> tuple[list[jax.Array], list]:
        """Return the logits, and for each scale the maps [b, t', c] before them."""
        found = []
        for scale in self.scale:
            found.append(scale(waves))
            waves = pooled(waves)
        return [maps[-1][..., 0] for maps in found], [maps[:-1] for maps in found]


AT_LEAST = {
    "discriminator_width": 1,
    "factors": 1,
    "layers": 1,
    "scales": 1,
}  # the smallest values of fields


def default_config() -> ConfigDict:
    """Return the authors' networks: 512 to 32 channels; three judges of 16 to 1024."""
    return ConfigDict(
        {
            "name": "melgan",
            "width": 32,  # channels of the generator's finest map
            "factors": (8, 8, 2, 2),  # upsampling per stage; their product is the hop
            "scales": 3,  # number of discriminator networks, each at half the rate
            "discriminator_width": 16,  # channels of its first maps
            "layers": 4,  # number of its strided layers
        }
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return generator and discriminator for waves [time, channels] and mels [frames, bins]."""
    samples, channels = sample_shape(spec, "waves [time, channels]", 2)
    mel = getattr(spec.condition, "shape", ())
    if len(mel) != 2:
        raise ValueError(
            f"model.name: this network makes waves of spectrograms [frames, bins], the data come "
            f"with {spec.condition}: write a data.medium that has them, or another model"
        )
    factors, hop = tuple(config.factors), math.prod(config.factors)
    if mel[0] * hop != samples:
        raise ValueError(
            f"model.factors = {factors}: {mel[0]} frames become {mel[0] * hop} samples, the data "
            f"have {samples}; write factors whose product is {samples // max(mel[0], 1)}"
        )
    if any(r < 2 or r % 2 for r in factors):
        raise ValueError(f"model.factors = {factors}: write even factors")
    least = STRIDE**config.layers << config.scales - 1
    if samples % least:
        raise ValueError(
            f"data.size: {samples} samples: {config.scales} scales of {config.layers} strided "
            f"layers take multiples of {least}"
        )
    generator = Generator(channels, factors, config.width)
    discriminator = Discriminator(config.scales, config.discriminator_width, config.layers)
    return {
        "generator": linen(generator, spec.noise, spec.condition),
        "discriminator": linen(discriminator, spec.sample, spec.condition, calls=("maps",)),
    }
