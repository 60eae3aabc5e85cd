"""The layers of the BigGAN family: convolution, linear, embedding, (conditional) batch norm.

Networks are pure functions of weights and inputs. Nothing here knows of spectral norm, sharding or
optimisers: those act on the parameter tree (transforms.py), by the names of the leaves:
`kernel` ([..., in, out]), `embedding` ([rows, features]), `bias`, `gain`.

Precision: activations in `dtype`; parameters and batch-norm moments in float32.
"""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.models import convolution

Dtype = Any
# Semi-orthogonal [kh * kw * in, out] matrices, gain 1 (BigGAN, arXiv 1809.11096).
orthogonal = nn.initializers.orthogonal()


class Conv(nn.Module):
    """Convolve [b, h, w, in] with an odd square kernel, zero padding, stride 1.

    `resample` is None, "up" (the input is upsampled by 2, nearest neighbour), "down" (the output is
    averaged over 2 x 2) or "stride" (every second row and column of the output is kept): the fused
    forms of convolution.py.
    """

    features: int
    kernel_size: int = 3
    resample: str | None = None
    use_bias: bool = True
    dtype: Dtype = jnp.float32
    kernel_init: Callable = orthogonal

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        shape = (self.kernel_size, self.kernel_size, x.shape[-1], self.features)
        kernel = self.param("kernel", self.kernel_init, shape).astype(self.dtype)
        convolve = {
            None: convolution.conv,
            "up": convolution.conv_up,
            "down": convolution.conv_down,
            "stride": convolution.conv_strided,
        }[self.resample]
        y = convolve(x.astype(self.dtype), kernel)
        if self.use_bias:
            bias = self.param("bias", nn.initializers.zeros, (self.features,))
            y = y + bias.astype(self.dtype).reshape(1, 1, 1, -1)
        return y


class Kernel(nn.Module):
    """The kernel of a convolution, for networks that apply it in their own way."""

    shape: tuple[int, ...]
    kernel_init: Callable = orthogonal

    @nn.compact
    def __call__(self) -> jax.Array:
        return self.param("kernel", self.kernel_init, self.shape)


class Dense(nn.Module):
    """Map [b, in] to [b, features]."""

    features: int
    use_bias: bool = True
    dtype: Dtype = jnp.float32
    kernel_init: Callable = orthogonal

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        kernel = self.param("kernel", self.kernel_init, (x.shape[-1], self.features))
        y = x.astype(self.dtype) @ kernel.astype(self.dtype)
        if self.use_bias:
            bias = self.param("bias", nn.initializers.zeros, (self.features,))
            y = y + bias.astype(self.dtype).reshape(1, -1)
        return y


def class_weights(labels: jax.Array, num_classes: int) -> jax.Array:
    """Return the weight of each class, [b, num_classes] float32: one-hot for labels [b] int32.

    Mixtures of classes, [b, num_classes] float, are returned as they are: every network takes them.
    """
    if labels.ndim == 2:
        return labels
    return jax.nn.one_hot(labels, num_classes, dtype=jnp.float32)


class Embed(nn.Module):
    """Look up labels [b] int32 in a table: [b, features] float32.

    A mixture of classes, [b, num_embeddings] float, gives the weighted sum of the rows.
    """

    num_embeddings: int
    features: int
    embedding_init: Callable = orthogonal

    @nn.compact
    def __call__(self, labels: jax.Array) -> jax.Array:
        shape = (self.num_embeddings, self.features)
        table = self.param("embedding", self.embedding_init, shape)
        if labels.ndim == 2:
            return jnp.dot(labels, table, precision="highest")
        return jnp.take(table, labels, axis=0)


def batch_moments(x: jax.Array, groups: int = 1) -> tuple[jax.Array, jax.Array]:
    """Return mean and variance over batch and space, each [groups, channels] float32.

    One pass, in float32: E[x], E[x^2] - E[x]^2, clamped at zero. `groups` splits the batch into
    that many contiguous parts, each with its own moments. One group is the whole global batch:
    under jit with a sharded batch, that is "cross-replica" batch norm. Raises ValueError if
    `groups` does not divide the batch.
    """
    if x.shape[0] % groups:
        raise ValueError(
            f"batch_norm_groups = {groups} does not divide the batch of {x.shape[0]}: "
            "choose a divisor of the microbatch"
        )
    x = x.astype(jnp.float32).reshape(groups, x.shape[0] // groups, -1, x.shape[-1])
    mean = x.mean((1, 2))
    return mean, jnp.maximum((x * x).mean((1, 2)) - mean * mean, 0.0)


def step_moments(x: jax.Array, steps: int) -> tuple[jax.Array, jax.Array]:
    """Return mean and variance of each time step, each [steps, channels] float32.

    x: frames [b * steps, ..., channels], the frames of a clip one after the other. The moments are
    over the batch and space, not over time.
    """
    x = x.astype(jnp.float32).reshape(x.shape[0] // steps, steps, -1, x.shape[-1])
    mean = x.mean((0, 2))
    return mean, jnp.maximum((x * x).mean((0, 2)) - mean * mean, 0.0)


class BatchNorm(nn.Module):
    """Normalise, then scale and shift: y = (x - mean) / sqrt(var + eps) * gain + bias.

    Training uses the moments of the batch and keeps no running averages. If the variables have a
    `batch_stats` collection, its `mean` and `var` are used instead (sampling); if that collection
    is mutable, the moments of this batch are written to it (game/sampling.py). Both paths share one
    formula: a well-known implementation multiplies by the gain in one path and adds it in the
      other.

    gain, bias: None (learned per channel, starting at 1 and 0), or [b, channels].
    steps: if above 1, x are frames [b * steps, ...], and every time step has its own moments, its
      own standing ones too (DVD-GAN, arXiv 1907.06571); gain and bias are per clip, [b, channels].
    """

    eps: float = 1e-4
    groups: int = 1
    dtype: Dtype = jnp.float32
    steps: int = 1

    @nn.compact
    def __call__(
        self, x: jax.Array, gain: jax.Array | None = None, bias: jax.Array | None = None
    ) -> jax.Array:
        channels = x.shape[-1]
        if gain is None or bias is None:
            gain = self.param("gain", nn.initializers.ones, (channels,)).reshape(1, -1)
            bias = self.param("bias", nn.initializers.zeros, (channels,)).reshape(1, -1)
        collect = self.is_mutable_collection("batch_stats")
        if not collect and self.has_variable("batch_stats", "mean"):
            mean = self.get_variable("batch_stats", "mean").reshape(-1, channels)
            var = self.get_variable("batch_stats", "var").reshape(-1, channels)
        elif self.steps > 1:
            mean, var = step_moments(x, self.steps)
            if collect:
                self.put_variable("batch_stats", "mean", mean)
                self.put_variable("batch_stats", "var", var)
        else:
            mean, var = batch_moments(x, self.groups)
            if collect:
                self.put_variable("batch_stats", "mean", mean.mean(0))
                self.put_variable("batch_stats", "var", var.mean(0))
        if self.steps > 1:  # moments are per step, gains per clip: repeat them for each frame
            mean, var = (jnp.tile(m, (x.shape[0] // self.steps, 1)) for m in (mean, var))
            gain, bias = (jnp.repeat(g, x.shape[0] // g.shape[0], axis=0) for g in (gain, bias))
        elif mean.shape[0] > 1:  # moments are per group: repeat them for each image
            mean, var = (jnp.repeat(m, x.shape[0] // self.groups, axis=0) for m in (mean, var))
        scale = gain * jax.lax.rsqrt(var + self.eps)
        shift = bias - mean * scale
        scale, shift = (a.reshape(-1, *(1,) * (x.ndim - 2), channels) for a in (scale, shift))
        return (x.astype(jnp.float32) * scale + shift).astype(self.dtype)


class InstanceNorm(nn.Module):
    """Normalise each channel of each image [b, h, w, c] by its own moments (arXiv 1607.08022).

    affine: then scale and shift each channel. It equals batch norm with a batch of one image: the
    result for an image does not depend on the rest of its batch. Raises ValueError for 1 x 1
    pixels.
    """

    eps: float = 1e-5
    affine: bool = False
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        if x.shape[1] * x.shape[2] == 1:
            raise ValueError("instance norm of 1 x 1 pixels is 0 for every image: write larger")
        wide = x.astype(jnp.float32)
        mean = wide.mean((1, 2), keepdims=True)
        variance = jnp.square(wide - mean).mean((1, 2), keepdims=True)
        y = (wide - mean) * jax.lax.rsqrt(variance + self.eps)
        if self.affine:
            channels = x.shape[-1]
            gain = self.param("gain", nn.initializers.ones, (channels,))
            bias = self.param("bias", nn.initializers.zeros, (channels,))
            y = y * gain.reshape(1, 1, 1, -1) + bias.reshape(1, 1, 1, -1)
        return y.astype(self.dtype)


class ConditionalBatchNorm(nn.Module):
    """Batch norm with gain = 1 + W_g c and bias = W_b c for a condition c.

    The condition is [b, n] float (linear maps without bias, arXiv 1809.11096) or None (plain batch
    norm); with `by_class` it is labels [b] int32 or mixtures [b, num_classes] (a row per class).
    Without the "1 +", training starts with almost no signal: a public implementation that lacks it
    cost a user a year (compare_gan issue 54).
    """

    num_classes: int = 0
    eps: float = 1e-4
    groups: int = 1
    dtype: Dtype = jnp.float32
    by_class: bool = False
    steps: int = 1

    @nn.compact
    def __call__(self, x: jax.Array, condition: jax.Array | None) -> jax.Array:
        channels = x.shape[-1]
        norm = BatchNorm(self.eps, self.groups, self.dtype, self.steps, name="norm")
        if condition is None:
            return norm(x)
        if self.by_class:
            gain = Embed(self.num_classes, channels, name="gain")(condition)
            bias = Embed(self.num_classes, channels, name="bias")(condition)
        else:
            gain = Dense(channels, use_bias=False, name="gain")(condition)
            bias = Dense(channels, use_bias=False, name="bias")(condition)
        return norm(x, 1.0 + gain, bias)
