"""CaloGAN (arXiv 1705.02355): particle showers in three layers of a calorimeter, for a given
energy.

    G   z, scaled by energy / 100, goes through a separate network for each layer: linear to a map
        larger by 2, a convolution, batch norm, two locally connected layers of 2 x 2. The first
        layer's map, resized, is then mixed into the second's, and that into the third's: the
        mixing weights of each cell are the softmax of two numbers from a locally connected layer of
        3 x 3. ReLU at the end, so most cells get no energy
    D   for each layer: a convolution and three locally connected layers, the closeness of these
        features within the batch, the share of cells with energy, and the closeness of that; for
        all layers together: their energies, the total, its distance from the particle's energy,
        whether that is above 5 GeV, and the closeness of the layers' energies within the batch.
        All of these lead to one logit; `total` is the total energy

A locally connected layer is a convolution with a different kernel at every position. Closeness is
the minibatch discrimination of Improved GAN (models/improved.py), followed by tanh. D has batch
norm and compares the showers of a batch with each other, so set `objective.one_pass` False.

A sample is the pytree media/showers.Layers; the condition is a number. Deviation: one kind of
particle per network; the authors' code can distinguish several.
"""

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.media.medium import Number
from jaxgan.media.showers import Layers
from jaxgan.models.convolution import conv
from jaxgan.models.layers import BatchNorm, Dense
from jaxgan.models.sides import linen

SLOPE = 0.3  # of leaky relu, Keras's default
he, glorot = nn.initializers.he_uniform(), nn.initializers.glorot_uniform()
KERNELS, KERNEL_DIM = 10, 10  # of the closeness features
FAR = 5.0  # GeV


class Same(nn.Module):
    """A 2 x 2 convolution that keeps the size: zeros below and to the right."""

    features: int
    kernel_init: Callable = glorot

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        # An odd kernel with a row and a column of zeros in front.
        kernel = self.param("kernel", self.kernel_init, (2, 2, x.shape[-1], self.features))
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        return conv(x, jnp.pad(kernel, ((1, 0), (1, 0), (0, 0), (0, 0)))) + bias.reshape(
            1, 1, 1, -1
        )


class Local(nn.Module):
    """A locally connected layer of `size` x `size`: [b, h, w, c] to [b, h', w', features].

    pad: zeros on every side. stride: of columns. last_bias: initial bias of the last feature.
    """

    features: int
    size: int
    pad: int = 0
    stride: int = 1
    use_bias: bool = True
    last_bias: float = 0.0
    kernel_init: Callable = glorot

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = jnp.pad(x, ((0, 0), (self.pad, self.pad), (self.pad, self.pad), (0, 0)))
        height = x.shape[1] - self.size + 1
        width = (x.shape[2] - self.size) // self.stride + 1
        ends = lambda i: i + (width - 1) * self.stride + 1
        seen = [
            x[:, i : i + height, j : ends(j) : self.stride]
            for i in range(self.size)
            for j in range(self.size)
        ]
        patches = jnp.concatenate(seen, -1)
        drawn = lambda key, shape: jax.vmap(lambda k: self.kernel_init(k, shape[1:]))(
            jax.random.split(key, shape[0])
        )
        kernel = self.param("kernel", drawn, (height * width, patches.shape[-1], self.features))
        kernel = kernel.reshape(height, width, *kernel.shape[1:])
        y = jnp.einsum("bhwc,hwcf->bhwf", patches, kernel)
        if not self.use_bias:
            return y
        first = lambda key, shape: jnp.zeros(shape).at[..., -1].set(self.last_bias)
        bias = self.param("bias", first, (height, width, self.features))
        return y + bias[None]


class LayerGenerator(nn.Module):
    """Map latents [b, n] to one layer before the final ReLU, [b, rows, columns, 1]."""

    shape: tuple[int, int]
    unfolded: int
    widths: tuple[int, int]
    eps: float

    @nn.compact
    def __call__(self, latents: jax.Array) -> jax.Array:
        rows, columns = (side + 2 for side in self.shape)
        x = Dense(rows * columns * self.unfolded, kernel_init=glorot, name="linear")(latents)
        x = x.reshape(-1, rows, columns, self.unfolded)
        x = nn.leaky_relu(Same(self.widths[0], he, name="conv")(x), SLOPE)
        x = BatchNorm(self.eps, name="norm")(x)
        x = nn.leaky_relu(Local(self.widths[1], 2, kernel_init=he, name="local_0")(x), SLOPE)
        return Local(1, 2, use_bias=False, name="local_1")(x)


class Mixed(nn.Module):
    """Mix a map with the resized map of the layer before, both [b, h, w, 1]."""

    @nn.compact
    def __call__(self, own: jax.Array, other: jax.Array) -> jax.Array:
        both = jnp.concatenate([own, other], -1)
        # At first almost nothing of the other map.
        weights = Local(2, 3, pad=1, last_bias=-10.0, name="local")(both)
        return (both * nn.softmax(weights, -1)).sum(-1, keepdims=True)


class Generator(nn.Module):
    """Map latents [b, latent_dim] and energies [b] to Layers."""

    shapes: Layers
    unfolded: int
    widths: tuple[int, int]
    eps: float

    @nn.compact
    def __call__(self, latents: jax.Array, energies: jax.Array) -> Layers:
        h = latents * energies[:, None] / 100.0
        first, second, third = (
            LayerGenerator(shape, self.unfolded, self.widths, self.eps, name=f"layer_{i}")(h)
            for i, shape in enumerate(self.shapes)
        )
        second = Mixed(name="mixed_1")(second, resized(first, self.shapes[1]))
        third = Mixed(name="mixed_2")(third, resized(second, self.shapes[2]))
        return Layers(*(nn.relu(x[..., 0]) for x in (first, second, third)))


def resized(x: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Repeat rows and average columns of [b, h, w, 1] to the given shape."""
    b, rows, columns, _ = x.shape
    x = jnp.repeat(x, shape[0] // rows, 1)
    return x.reshape(b, shape[0], shape[1], columns // shape[1]).mean(-1)[..., None]


class Closeness(nn.Module):
    """Map features [b, n] to tanh of the closeness of each to all others of the batch, [b,
    KERNELS]."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        m = Dense(KERNELS * KERNEL_DIM, kernel_init=glorot, name="kernels")(x)
        m = m.reshape(-1, KERNELS, KERNEL_DIM)
        return jnp.tanh(jnp.exp(-jnp.abs(m[:, None] - m[None]).sum(-1)).sum(1))


class LayerFeatures(nn.Module):
    """Map one layer [b, rows, columns] to features [b, n]."""

    widths: tuple[int, int, int, int]
    eps: float

    @nn.compact
    def __call__(self, layer: jax.Array) -> jax.Array:
        x = nn.leaky_relu(Same(self.widths[0], name="conv")(layer[..., None]), SLOPE)
        for i, (size, stride) in enumerate(((3, 2), (2, 1), (2, 2))):
            x = Local(self.widths[i + 1], size, pad=1, stride=stride, name=f"local_{i}")(x)
            x = BatchNorm(self.eps, name=f"norm_{i}")(nn.leaky_relu(x, SLOPE))
        x = x.reshape(x.shape[0], -1)
        filled = (layer > 0).astype(jnp.float32).mean((1, 2))[:, None]
        return jnp.concatenate(
            [x, Closeness(name="closeness")(x), filled, Closeness(name="filled")(filled)], -1
        )


class Discriminator(nn.Module):
    """Map Layers, leaves [b, ...], and energies [b] to logits [b]."""

    widths: tuple[int, int, int, int]
    eps: float

    @nn.compact
    def __call__(self, layers: Layers, energies: jax.Array) -> jax.Array:
        features = [
            LayerFeatures(self.widths, self.eps, name=f"layer_{i}")(layer)
            for i, layer in enumerate(layers)
        ]
        found, total = held(layers), self.total(layers)[:, None]
        off = jnp.abs(total - energies[:, None])
        far = 10.0 * (off > FAR).astype(jnp.float32)
        closeness = Closeness(name="closeness")(found)
        joined = [*features, found / 10.0, total / 100.0, off, far, closeness]
        return Dense(1, kernel_init=glorot, name="linear")(jnp.concatenate(joined, -1))[:, 0]

    def total(self, layers: Layers) -> jax.Array:
        """Return the energy of all cells, [b]."""
        return held(layers).sum(-1)


def held(layers: Layers) -> jax.Array:
    """Return the energy of each layer, [b, 3]."""
    return jnp.stack([layer.sum((1, 2)) for layer in layers], -1)


AT_LEAST = {"judged_widths": 1, "local_widths": 1, "unfolded": 1}  # the smallest values of fields


def default_config() -> ConfigDict:
    return ConfigDict(
        {
            "name": "calogan",
            "latent_dim": 1024,
            "unfolded": 36,  # channels of G's first maps
            "local_widths": (16, 6),  # channels of G's convolution and first local layer
            "judged_widths": (64, 16, 8, 8),  # channels of D's layers
            "batch_norm_eps": 1e-3,
        }
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return generator and discriminator of showers."""
    if not isinstance(spec.sample, Layers) or not isinstance(spec.condition, Number):
        raise ValueError(
            f"model.name: this network makes showers, but the data are {spec.sample}: write "
            "data.medium = 'showers', or another model"
        )
    shapes, eps = Layers(*(x.shape for x in spec.sample)), config.batch_norm_eps
    generator = Generator(shapes, config.unfolded, tuple(config.local_widths), eps)
    discriminator = Discriminator(tuple(config.judged_widths), eps)
    return {
        "generator": linen(generator, spec.noise, spec.condition),
        "discriminator": linen(discriminator, spec.sample, spec.condition, calls=("total",)),
    }
