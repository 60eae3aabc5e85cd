"""GAN-TTS (arXiv 1909.11646): speech from a sequence of conditions, judged in random windows.

    G   a kernel of 3 on the conditions [frames, k], seven blocks, a kernel of 3, tanh. A block is
        four times (normalise, ReLU, a kernel of 3 with dilations 1, 2, 4, 8). It repeats every step
        `factor` times before its first kernel; it adds its input after the second kernel, and that
        sum after the fourth. z sets gain and bias of every norm. Factors 1, 1, 2, 2, 2, 3, 5 make
        120 samples per frame
    D   ten networks, each of which sees one window of the wave: windows of 240, 480, 960, 1,920 and
        3,600 samples, once alone and once with the conditions of that window. A window is folded to
        240 steps: k successive samples become k channels. Blocks, each a mean over `factor` steps
        and kernels of 3 with dilations 1 and 2, lead to one step per frame, where the conditions
        are added after a block's first kernel; then two blocks, a mean over time, a logit

The windows' positions are drawn again in every turn, the same for all waves of a batch; the draws
come with the weights, as the collection "looks" of the variables. Without it (scores, the watch)
windows are in the middle. Windows with conditions begin at the start of a frame.

The authors' recipe: hinge loss, the sum over the ten networks, orthogonal initial kernels and
regularisation, spectral norm, batches of 1024, Adam with 5e-5 for G, 1e-4 for D and b1 = 0, an
average with decay 0.9999.

Deviations: the norms use the moments of each example over time, where the paper's include the
batch; so speech does not depend on the rest of its batch. D's channels (`width`, doubled from block
to block) and its factors without conditions are our choice. The widths of G are the paper's.
"""

import math

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models.convolution_nd import conv_1d, conv_dilated_1d
from jaxgan.models.layers import Dense, orthogonal
from jaxgan.models.sides import linen, sample_shape

DILATIONS = (1, 2, 4, 8)
MOST = 8  # largest multiple of D's width


class Conv(nn.Module):
    """Convolve [b, t, in] with 1 or 3 taps at distance `dilation`, zeros at the ends: [b, t,
    out]."""

    features: int
    taps: int = 3
    dilation: int = 1

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        shape = (self.taps, x.shape[-1], self.features)
        kernel = self.param("kernel", orthogonal, shape)
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        if self.dilation > 1:
            reach = self.dilation * (self.taps // 2)
            x = jnp.pad(x, ((0, 0), (reach, reach), (0, 0)))
            return conv_dilated_1d(x, kernel, self.dilation) + bias.reshape(1, 1, -1)
        return conv_1d(x, kernel) + bias.reshape(1, 1, -1)


class Norm(nn.Module):
    """Normalise x [b, t, c] over time; z [b, d] sets gain (1 + a linear map) and bias."""

    eps: float = 1e-5

    @nn.compact
    def __call__(self, x: jax.Array, z: jax.Array) -> jax.Array:
        mean = x.mean(1, keepdims=True)
        variance = jnp.square(x - mean).mean(1, keepdims=True)
        gain, bias = jnp.split(Dense(2 * x.shape[-1], name="of_noise")(z)[:, None], 2, -1)
        return (x - mean) * jax.lax.rsqrt(variance + self.eps) * (1 + gain) + bias


class GBlock(nn.Module):
    """Map [b, t, in] to [b, factor t, features]."""

    features: int
    factor: int

    @nn.compact
    def __call__(self, x: jax.Array, z: jax.Array) -> jax.Array:
        longer = lambda x: jnp.repeat(x, self.factor, 1)
        y = longer(nn.relu(Norm(name="norm_0")(x, z)))
        y = Conv(self.features, name="conv_0")(y)
        y = nn.relu(Norm(name="norm_1")(y, z))
        y = Conv(self.features, dilation=DILATIONS[1], name="conv_1")(y)
        same = x.shape[-1] == self.features
        x = longer(x if same else Conv(self.features, 1, name="skip")(x)) + y
        y = x
        for i in (2, 3):
            y = nn.relu(Norm(name=f"norm_{i}")(y, z))
            y = Conv(self.features, dilation=DILATIONS[i], name=f"conv_{i}")(y)
        return x + y


class Generator(nn.Module):
    """Map noise [b, d] and conditions [b, frames, k] to waves [b, frames x hop, channels]."""

    channels: int
    widths: tuple[int, ...]
    factors: tuple[int, ...]

    @nn.compact
    def __call__(self, z: jax.Array, condition: jax.Array) -> jax.Array:
        x = Conv(self.widths[0], name="first")(condition)
        for i, (width, factor) in enumerate(zip(self.widths, self.factors, strict=True)):
            x = GBlock(width, factor, name=f"block_{i}")(x, z)
        return jnp.tanh(Conv(self.channels, name="to_wave")(nn.relu(x)))


def folded(waves: jax.Array, k: int) -> jax.Array:
    """Return waves [b, k t, c] as [b, t, k c]: k successive samples become channels."""
    b, t, channels = waves.shape
    return waves.reshape(b, t // k, k * channels)


def falling(number: int) -> tuple[int, ...]:
    """Return the prime factors of a number, largest first.
    >>> falling(120), falling(8), falling(1)
    ((5, 3, 2, 2, 2), (2, 2, 2), ())"""
    found, prime = [], 2
    while number > 1:
        while number % prime == 0:
            found, number = [prime, *found], number // prime
        prime += 1
    return tuple(found)


class DBlock(nn.Module):
    """Map [b, t, in] to [b, t / factor, features]; condition [b, t / factor, k] or None."""

    features: int
    factor: int = 1

    @nn.compact
    def __call__(self, x: jax.Array, condition: jax.Array | None = None) -> jax.Array:
        b, t, channels = x.shape
        x = x.reshape(b, t // self.factor, self.factor, channels).mean(2)
        y = Conv(self.features, name="conv_0")(nn.relu(x))
        if condition is not None:
            y = y + Conv(self.features, 1, name="condition")(condition)
        y = Conv(self.features, dilation=2, name="conv_1")(nn.relu(y))
        return Conv(self.features, 1, name="skip")(x) + y


class Window(nn.Module):
    """Map windows [b, steps k, c], with the conditions of their frames or None, to logits [b]."""

    fold: int
    factors: tuple[int, ...]
    width: int

    @nn.compact
    def __call__(self, windows: jax.Array, condition: jax.Array | None) -> jax.Array:
        x, width = folded(windows, self.fold), self.width
        for i, factor in enumerate(self.factors):
            x = DBlock(width, factor, name=f"block_{i}")(x)
            width = min(2 * width, MOST * self.width)
        x = DBlock(width, name="at_frames")(x, condition)
        x = DBlock(width, name="last")(x)
        return Dense(1, name="to_logit")(nn.relu(x).mean(1))[:, 0]


class Discriminator(nn.Module):
    """Map waves [b, t, c] with conditions [b, frames, k] to logits [b], one array per window: first
    those of the networks that see the wave alone, then, if `told`, those that also see the
    conditions."""

    folds: tuple[int, ...]
    steps: int
    hop: int
    width: int
    told: bool

    @nn.compact
    def __call__(self, waves: jax.Array, condition: jax.Array) -> list[jax.Array]:
        logits = []
        for conditional in (False, True) if self.told else (False,):
            for i, fold in enumerate(self.folds):
                length, unit = self.steps * fold, self.hop if conditional else 1
                start = self.start((waves.shape[1] - length) // unit, len(logits)) * unit
                window = jax.lax.dynamic_slice_in_dim(waves, start, length, 1)
                seen = None
                if conditional:
                    at, frames = start // self.hop, length // self.hop
                    seen = jax.lax.dynamic_slice_in_dim(condition, at, frames, 1)
                name = f"{'told' if conditional else 'alone'}_{i}"
                judge = Window(fold, falling(self.hop // fold), self.width, name=name)
                logits.append(judge(window, seen))
        return logits

    def start(self, last: int, number: int) -> jax.Array:
        """Return where a window begins, in [0, last]: drawn if there is a key, else in the
        middle."""
        if not self.has_variable("looks", "key"):
            return jnp.asarray(last // 2)
        key = jax.random.fold_in(self.get_variable("looks", "key"), number)
        return jax.random.randint(key, (), 0, last + 1)


AT_LEAST = {"factors": 1, "folds": 1, "steps": 1}  # the smallest values of fields


def default_config() -> ConfigDict:
    """Return the paper's generator, for conditions at 200 Hz and sound at 24 kHz."""
    return ConfigDict(
        {
            "name": "gantts",
            "latent_dim": 128,
            "generator_widths": (768, 768, 384, 384, 384, 192, 96),
            "factors": (1, 1, 2, 2, 2, 3, 5),  # upsampling per block; their product is the hop
            "width": 64,  # channels of the discriminators' first blocks
            "folds": (1, 2, 4, 8, 15),  # samples per step of each window, which has `steps` steps
            "steps": 240,
            "told": True,  # False, a control: no window sees the conditions
        }
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return generator and discriminator for waves [time, channels] and conditions [frames, k]."""
    samples, channels = sample_shape(spec, "waves [time, channels]", 2)
    condition = getattr(spec.condition, "shape", ())
    if len(condition) != 2:
        raise ValueError(
            "model.name: this network makes waves of conditions [frames, k], but the data come "
            f"with {spec.condition}: write data.medium = 'speech', or another model"
        )
    factors, folds, steps = tuple(config.factors), tuple(config.folds), config.steps
    hop, widths = math.prod(factors), tuple(config.generator_widths)
    if condition[0] * hop != samples or len(factors) != len(widths):
        raise ValueError(
            f"model.factors = {factors}: {condition[0]} frames become {condition[0] * hop} "
            f"samples, the data have {samples}; write one factor for each of "
            f"model.generator_widths, whose product is {samples // max(condition[0], 1)}"
        )
    for fold in folds:
        if hop % fold or steps * fold % hop or steps * fold > samples:
            raise ValueError(
                f"model.folds = {folds}: a window of {steps} steps of {fold} samples is not a "
                f"whole number of frames of {hop}, or longer than {samples}: write divisors of "
                f"{hop}"
            )
    generator = Generator(channels, widths, factors)
    discriminator = Discriminator(folds, steps, hop, config.width, config.told)
    judge = linen(discriminator, spec.sample, spec.condition)
    return {
        "generator": linen(generator, spec.noise, spec.condition),
        "discriminator": judge._replace(looks=True),
    }
