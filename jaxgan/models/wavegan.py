"""WaveGAN (arXiv 1802.04208): DCGAN in one dimension, for raw sound.

    G   a linear map to 16 samples of many channels, then transposed convolutions of 25 taps, each
        of which makes four samples of one; ReLU between, tanh at the end
    D   the mirror image, leaky ReLU (0.2), and one logit of the whole wave

16,384 samples take five layers. Every further layer doubles the channels; a length of 16 x 4^n x 2
has a last layer of stride 2 (the authors' 32,768 samples).

Phase shuffle. Transposed convolutions leave a characteristic tone whose phase is the same in every
wave, by which D could recognise generated waves. So D's maps, except the last, are shifted by
U{-n, ..., n} samples, with reflection at the ends, drawn again in every turn and layer. The draws
come with the weights, as the collection "looks" of the variables; without it (scores, the watch)
nothing is shifted. All passes of a turn (real, generated, interpolated) and all waves of a batch
get the same shifts. Deviation: the authors' code draws for every pass.

Initial kernels. "glorot" is the authors' (TensorFlow's default): it counts all 25 taps as inputs,
of which a transposed layer has 25 / 4, so a wave starts with an rms of about 0.006. "he" counts the
actual inputs, so a wave starts at its final loudness: for short trainings.

Options that the paper does not have: `conditional` gives both networks the label, and `batch_norm`
normalises G.
"""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models.convolution_nd import Layer, conv_1d, conv_transpose_1d
from jaxgan.models.layers import BatchNorm, Dense, Embed, class_weights
from jaxgan.models.sides import linen, num_classes, sample_shape

FIRST = 16  # samples of the first map
TAPS = 25
INITS = ("glorot", "he")


def strides(samples: int) -> tuple[int, ...]:
    """Return the stride of each of the generator's layers, first to last. Raises ValueError if
    there are none for this number of samples."""
    left, found = samples // FIRST, []
    while left > 1 and left % 4 == 0:
        left, found = left // 4, [*found, 4]
    if left == 2:
        left, found = 1, [*found, 2]
    if samples % FIRST or left != 1 or not found:
        raise ValueError(
            f"data.size: waves of {samples} samples: this network makes 16 x 4^n or twice as many; "
            "write 1024, 2048, 4096, 8192, 16384, 32768 or 65536"
        )
    return tuple(found)


def kernel_init(name: str, stride: int = 1):
    """Return the initializer of kernels. stride: of a transposed layer, whose outputs each see only
    one part in `stride` of the kernel."""
    if name == "glorot":
        return nn.initializers.glorot_uniform()
    return nn.initializers.variance_scaling(2.0 * stride, "fan_in", "normal")


def shifted(x: jax.Array, key: jax.Array, most: int) -> jax.Array:
    """Shift x [b, t, c] by one draw from U{-most, ..., most} samples, with reflection at the
    ends."""
    shift = jax.random.randint(key, (), -most, most + 1)
    padded = jnp.pad(x, ((0, 0), (most, most), (0, 0)), mode="reflect")
    return jax.lax.dynamic_slice_in_dim(padded, most - shift, x.shape[1], 1)


class Generator(nn.Module):
    """Map latents [b, latent_dim] to waves [b, t, channels] in [-1, 1].

    strides: of the layers. widths: channels of their inputs. num_classes: 0 ignores labels.
    """

    channels: int
    strides: tuple[int, ...]
    widths: tuple[int, ...]
    kernels: str
    batch_norm: bool
    eps: float
    num_classes: int

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array) -> jax.Array:
        if self.num_classes:
            latents = jnp.concatenate([latents, class_weights(labels, self.num_classes)], -1)
        linear = Dense(FIRST * self.widths[0], kernel_init=kernel_init(self.kernels), name="linear")
        x = linear(latents).reshape(-1, FIRST, self.widths[0])
        for i, stride in enumerate(self.strides):
            x = nn.relu(x)
            features = (*self.widths, self.channels)[i + 1]
            transposed = partial(conv_transpose_1d, stride=stride)
            drawn = kernel_init(self.kernels, stride)
            x = Layer(transposed, features, (TAPS,), drawn, name=f"conv_{i}")(x)
            if self.batch_norm and i + 1 < len(self.strides):
                x = BatchNorm(self.eps, name=f"norm_{i}")(x)
        return jnp.tanh(x)


class Discriminator(nn.Module):
    """Map waves [b, t, channels] to logits [b]. widths: channels of each layer's output.

    most: largest phase shuffle in samples, for variables with "looks". num_classes: 0 ignores
      labels.
    """

    strides: tuple[int, ...]
    widths: tuple[int, ...]
    kernels: str
    most: int
    num_classes: int

    @nn.compact
    def __call__(self, waves: jax.Array, labels: jax.Array) -> jax.Array:
        x, drawn = waves, kernel_init(self.kernels)
        for i, (stride, features) in enumerate(zip(self.strides, self.widths, strict=True)):
            strided = partial(conv_1d, stride=stride)
            x = Layer(strided, features, (TAPS,), drawn, name=f"conv_{i}")(x)
            x = nn.leaky_relu(x, 0.2)
            last = i + 1 == len(self.strides)
            if self.most and not last and self.has_variable("looks", "key"):
                key = jax.random.fold_in(self.get_variable("looks", "key"), i)
                x = shifted(x, key, self.most)
        features = x.reshape(x.shape[0], -1)
        self.sow("intermediates", "features", features)
        logits = Dense(1, kernel_init=drawn, name="linear")(features)[:, 0]
        if self.num_classes:
            embedded = Embed(self.num_classes, x.shape[-1], name="projection")(labels)
            logits = logits + (embedded * x.sum(1)).sum(-1)
        return logits


AT_LEAST = {"phase_shuffle": 0}  # the smallest values of fields


def default_config() -> ConfigDict:
    """Return the paper's network: 1024, 512, 256, 128, 64 channels for 16,384 samples."""
    return ConfigDict(
        {
            "name": "wavegan",
            "width": 64,  # channels of the finest stage of each network
            "latent_dim": 100,
            "phase_shuffle": 2,  # largest shift in samples; 0: none
            "kernel_init": "glorot",
            "batch_norm": False,  # in the generator
            "batch_norm_eps": 1e-5,
            "conditional": False,
        }
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return generator and discriminator for waves [time, channels]."""
    samples, channels = sample_shape(spec, "waves [time, channels]", 2)
    if config.kernel_init not in INITS:
        known = " or ".join(map(repr, INITS))
        raise ValueError(f"model.kernel_init = {config.kernel_init!r}: write {known}")
    found = strides(samples)
    most = config.phase_shuffle
    shortest = FIRST * (1 if len(found) == 1 else found[-1])
    if not 0 <= most < shortest:
        raise ValueError(
            f"model.phase_shuffle = {most}: the shortest map that is shifted has {shortest} "
            f"samples; write 0 to {shortest - 1}"
        )
    classes = num_classes(spec) if config.conditional else 0
    widths = tuple(config.width << i for i in range(len(found)))
    generator = Generator(
        channels,
        found,
        widths[::-1],
        config.kernel_init,
        config.batch_norm,
        config.batch_norm_eps,
        classes,
    )
    discriminator = Discriminator(found, widths, config.kernel_init, most, classes)
    made = linen(discriminator, spec.sample, spec.condition, features="__call__")
    return {
        "generator": linen(generator, spec.noise, spec.condition),
        "discriminator": made._replace(looks=bool(most)),
    }
