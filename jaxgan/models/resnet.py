"""ResNet-50 v2 (arXiv 1603.05027), the features of an image: BigBiGAN's encoder (arXiv 1907.02544).

    stem         conv 7 x 7 with stride 2, max pool 3 x 3 with stride 2; no bias, no norm
    stages       [3, 4, 6, 3] blocks of 4 width 2^i channels; all but the first stage halve
    block        x' + conv1(relu(bn(conv3(relu(bn(conv1(h))))))) with h = relu(bn(x))
                 x' = x, or conv1(h) if the size or the number of channels changes
    features     bn, mean over space: 32 width numbers, without a last ReLU

`width` 64 is ResNet-50, 23,500,352 parameters; 128 and 256 are its x2 and x4. The stride is in the
3 x 3 convolution. It takes images of any size; for small ones, `small_stem` replaces the stem by a
3 x 3 convolution. No convolution has a bias. In training, batch norm uses the moments of the batch
(layers.py).
"""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.models.layers import BatchNorm, Conv, Dtype

DEPTHS = (3, 4, 6, 3)


class Bottleneck(nn.Module):
    """Map [b, h, w, c] to [b, h, w, features], or to half the size (rounded up) with `stride`.

    shortcut: False leaves out x' and returns the residual alone (models/revnet.py).
    """

    features: int
    stride: bool = False
    shortcut: bool = True
    eps: float = 1e-4
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        inner, resample = self.features // 4, "stride" if self.stride else None
        conv = partial(Conv, use_bias=False, dtype=self.dtype)

        def activate(x: jax.Array, i: int) -> jax.Array:
            return nn.relu(BatchNorm(self.eps, dtype=self.dtype, name=f"norm_{i}")(x))

        h = first = activate(x, 0)
        h = conv(inner, 1, name="conv_0")(h)
        h = conv(inner, 3, resample, name="conv_1")(activate(h, 1))
        h = conv(self.features, 1, name="conv_2")(activate(h, 2))
        if not self.shortcut:
            return h
        if self.stride or x.shape[-1] != self.features:
            x = conv(self.features, 1, resample, name="skip")(first)
        return h + x


class Stem(nn.Module):
    """Map images [b, h, w, c] to [b, h / 4, w / 4, features], or keep their size if `small`."""

    features: int
    small: bool = False
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array) -> jax.Array:
        size, resample = (3, None) if self.small else (7, "stride")
        conv = Conv(self.features, size, resample, use_bias=False, dtype=self.dtype, name="conv")
        x = conv(images)
        if self.small:
            return x
        return nn.pool(x, -jnp.inf, jax.lax.max, (3, 3), (2, 2), ((1, 1), (1, 1)))


class ResNet(nn.Module):
    """Map images [b, h, w, c] to features [b, 4 width 2^(stages - 1)] float32."""

    width: int = 64
    depths: tuple[int, ...] = DEPTHS
    small_stem: bool = False
    batch_norm_eps: float = 1e-4
    remat: bool = False
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array) -> jax.Array:
        block = nn.remat(Bottleneck) if self.remat else Bottleneck
        x = Stem(self.width, self.small_stem, self.dtype, name="stem")(images)
        for i, depth in enumerate(self.depths):
            for j in range(depth):
                features, stride = 4 * self.width << i, i > 0 and j == 0
                name = f"stage_{i}_block_{j}"
                x = block(features, stride, True, self.batch_norm_eps, self.dtype, name=name)(x)
        return BatchNorm(self.batch_norm_eps, name="norm")(x).mean((1, 2))
