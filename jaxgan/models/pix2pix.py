"""pix2pix (arXiv 1611.07004): image to image by a U-Net, judged patch by patch.

    G   halve the source down to 1 x 1 pixel (8 times at 256), then double it back; every resolution
        on the way up also sees its counterpart on the way down, as channels
    D   the source and an image, as channels, to a grid of logits, each of which sees a patch of
        70 x 70 pixels: two or more strided convolutions, then two of stride 1

Every convolution is 4 x 4, with kernels from N(0, 0.02^2). The only noise is dropout in the first
three layers of G's way up, in training and after it. Here the bits of two latents per image are the
random key of its masks, so G stays a function of its inputs, image by image.

Norms. The paper has batch norm, with the moments of the test batch, and mostly batches of one
image, which is instance norm with a gain and a bias for each channel. That is `norm = "affine"`,
whatever the batch: a translation does not depend on the rest of its batch, and needs no statistics.
"plain" has neither gain nor bias (the authors' PyTorch port). There is no norm at 1 x 1 pixel,
where every image would become 0; the paper's errata explain it.
"""

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models.convolution import conv, conv_doubling, conv_halving, conv_shrinking
from jaxgan.models.halvings import halvings
from jaxgan.models.layers import InstanceNorm
from jaxgan.models.sides import image_shape, linen, source_shape

normal = nn.initializers.normal(0.02)
NORMS = ("affine", "plain")
MOST_LEVELS = 8  # of the paper's U-Net for 256 x 256
DROPPED = 3  # layers with dropout
WIDEST = 8  # times `width`: largest number of channels of a layer


class Layer(nn.Module):
    """Convolve [b, h, w, in] by one of convolution.py's maps, then normalise if there is a norm.

    norm: one of NORMS, or "" for none. There is a bias unless a norm with gain and bias follows.
    """

    convolve: Callable[[jax.Array, jax.Array], jax.Array]
    features: int
    norm: str = ""
    kernel_size: int = 4
    use_bias: bool = True

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        shape = (self.kernel_size, self.kernel_size, x.shape[-1], self.features)
        x = self.convolve(x, self.param("kernel", normal, shape))
        if self.use_bias and self.norm != "affine":
            bias = self.param("bias", nn.initializers.zeros, (self.features,))
            x = x + bias.reshape(1, 1, 1, -1)
        if self.norm:
            x = InstanceNorm(affine=self.norm == "affine", name="norm")(x)
        return x


def dropped(x: jax.Array, latents: jax.Array, layer: int, rate: float) -> jax.Array:
    """Set a share of x [b, h, w, c] to 0 and rescale the rest; latents [b, 2] determine the
    masks."""
    bits = jax.lax.bitcast_convert_type(jax.lax.stop_gradient(latents), jnp.uint32)

    def mask(own: jax.Array) -> jax.Array:
        key = jax.random.fold_in(jax.random.wrap_key_data(own, impl="threefry2x32"), layer)
        return jax.random.bernoulli(key, 1.0 - rate, x.shape[1:])

    return jnp.where(jax.vmap(mask)(bits), x / (1.0 - rate), 0.0)


class UNet(nn.Module):
    """Map latents [b, 2] and a source [b, h, w, c] to an image [b, h, w, channels].

    levels: how often the source is halved; h and w must be multiples of 2^levels (ValueError).
    skips: False cuts the connections from the way down to the way up, the paper's ablation.
    """

    channels: int
    width: int
    levels: int
    norm: str
    dropout: float
    skips: bool

    @nn.compact
    def __call__(self, latents: jax.Array, source: jax.Array) -> jax.Array:
        refuse_size(source.shape[1:3], 2**self.levels)
        last, x, down = self.levels - 1, source, []
        for i in range(self.levels):
            if i:
                x = nn.leaky_relu(x, 0.2)
            features = min(self.width << i, WIDEST * self.width)
            norm = self.norm if 0 < i < last else ""
            bias = self.norm != "affine"  # as in the authors' port: also where no norm follows
            x = Layer(conv_halving, features, norm, use_bias=bias, name=f"down_{i}")(x)
            down.append(x)
        for i in reversed(range(self.levels)):
            features = min(self.width << i - 1, WIDEST * self.width) if i else self.channels
            norm = self.norm if i else ""
            x = Layer(conv_doubling, features, norm, name=f"up_{i}")(nn.relu(x))
            if i and self.dropout and last - i < DROPPED:
                x = dropped(x, latents, i, self.dropout)
            if i and self.skips:
                x = jnp.concatenate([down[i - 1], x], -1)
        return jnp.tanh(x)

    def translate(self, latents: jax.Array, source: jax.Array) -> jax.Array:
        """Return the same: a translation of the source, to be compared with its partner."""
        return self(latents, source)


class PatchGAN(nn.Module):
    """Map an image [b, h, w, c], and its source if there is one, to logits [b, h', w'].

    layers: strided convolutions: 1 to 6 see patches of 16, 34, 70, 142, 286, 574 pixels; 0 sees
      single pixels.
    """

    width: int
    layers: int
    norm: str

    @nn.compact
    def __call__(self, image: jax.Array, source: jax.Array | None = None) -> jax.Array:
        x = image if source is None else jnp.concatenate([source, image], -1)
        if not self.layers:
            x = nn.leaky_relu(Layer(conv, self.width, kernel_size=1, name="conv_0")(x), 0.2)
            x = Layer(conv, 2 * self.width, self.norm, kernel_size=1, name="conv_1")(x)
            bias = self.norm != "affine"
            last = Layer(conv, 1, kernel_size=1, use_bias=bias, name="to_logits")
            return last(nn.leaky_relu(x, 0.2))[..., 0]
        for i in range(self.layers + 1):
            features = min(self.width << i, WIDEST * self.width)
            convolve = conv_halving if i < self.layers else conv_shrinking
            x = Layer(convolve, features, self.norm if i else "", name=f"conv_{i}")(x)
            x = nn.leaky_relu(x, 0.2)
        return Layer(conv_shrinking, 1, name="to_logits")(x)[..., 0]


def refuse_size(size: tuple[int, ...], divisor: int) -> None:
    """Refuse images whose sides the network cannot halve as often as it has to."""
    height, width = size
    if height % divisor or width % divisor:
        near = [max(round(side / divisor), 1) * divisor for side in size]
        raise ValueError(
            f"images of {height} x {width}: this network needs sides that {divisor} divides, such "
            f"as {near[0]} x {near[1]}"
        )


def refuse_patches(size: tuple[int, int], layers: int) -> None:
    """Refuse images for whose patches a PatchGAN with this many strided convolutions has no
    logit."""
    refuse_size(size, 1 << layers)
    least = 3 << layers if layers else 1
    if min(size) < least:
        raise ValueError(
            f"model.patch_layers = {layers} needs images of {least} pixels or more: write less for "
            f"{size[0]} x {size[1]}"
        )


AT_LEAST = {"levels": 0, "patch_layers": 0}  # the smallest values of fields


def default_config() -> ConfigDict:
    """Return the paper's networks."""
    return ConfigDict(
        {
            "name": "pix2pix",
            "width": 64,  # channels of the first layer of each network
            "latent_dim": 2,  # its bits determine the dropout
            "levels": 0,  # halvings of the U-Net; 0: down to one pixel, at most 8
            "skips": True,
            "dropout": 0.5,
            "patch_layers": 3,  # strided convolutions of D: 3 see 70 x 70 pixels
            "norm": "affine",
        }
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return generator and discriminator for images [height, width, channels] and their sources."""
    shape = image_shape(spec)
    source_shape(spec)  # refuses labels
    if config.norm not in NORMS:
        raise ValueError(f"model.norm = {config.norm!r}: write {' or '.join(map(repr, NORMS))}")
    if not 0 <= config.dropout < 1:
        raise ValueError(f"model.dropout = {config.dropout}: write a share in [0, 1)")
    if config.dropout and config.latent_dim != 2:
        raise ValueError(
            f"model.latent_dim = {config.latent_dim}: write 2, whose bits draw the dropout"
        )
    levels = config.levels or min(halvings(*shape[:2]), MOST_LEVELS)
    if levels < 2:
        raise ValueError(f"data.size = {shape[0]} x {shape[1]}: write multiples of 4 at least")
    refuse_size(shape[:2], 2**levels)
    refuse_patches(shape[:2], config.patch_layers)
    generator = UNet(
        shape[2], config.width, levels, config.norm, config.dropout, bool(config.skips)
    )
    discriminator = PatchGAN(config.width, config.patch_layers, config.norm)
    drawn = linen(generator, spec.noise, spec.condition, calls=("translate",))
    return {
        "generator": drawn._replace(smooth=False),
        "discriminator": linen(discriminator, spec.sample, spec.condition),
    }
