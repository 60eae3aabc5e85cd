"""SPADE, the generator of GauGAN (arXiv 1903.07291): a label map modulates every normalisation.

    SPADE(x, m) = norm(x) (1 + gain(m)) + bias(m)

gain and bias have x's size and channels: m, resized to x by nearest neighbour, goes through 3 x 3
convolutions to 128 channels, ReLU, and from there to both. A norm alone turns a uniform area into 0
and so forgets its class; here the class is supplied again at every layer.

    block   (SPADE, leaky ReLU, 3 x 3) twice, with the smaller of the two widths between, added to
            the input; where widths differ the input passes a SPADE and a 1 x 1 without bias
    G       3 x 3 of the map at the smallest size (4 x 4 for 256), seven blocks of 16 w, 16 w, 16 w,
            8 w, 4 w, 2 w, w channels (w = 64), nearest upsampling between, leaky ReLU, 3 x 3, tanh
    D       PatchGANs (models/pix2pix.py) without a norm in the first layer, of the image and its
            map, at full size and halved `scales` - 1 times; logits are a tuple, one for each

With `style` the first features are a linear function of the latents, and an encoder (strided 3 x 3
convolutions, instance norm) gives mean and log variance of the latents of a picture: this combines
the style of one picture with the map of another. Without `style` the latents are ignored.

Deviations. The norm is instance norm, where the paper has batch norm over all devices: what a map
becomes does not depend on the rest of its batch, and needs no statistics. Smaller pictures have
fewer blocks, the narrowest ones. D's smaller scales are means of 2 x 2 pixels. What the paper
leaves open (the 1 + before the gain, the width between, the skip's bias, leaky ReLU before the last
convolution) is chosen so that the parameter counts match the design for 256 x 256.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models.convolution import average_pool, conv_halving, conv_shrinking, upsample
from jaxgan.models.halvings import halvings
from jaxgan.models.layers import Conv, Dense, InstanceNorm
from jaxgan.models.pix2pix import WIDEST, Layer, refuse_size
from jaxgan.models.sides import image_shape, linen, source_shape

glorot = nn.initializers.glorot_uniform()
WIDEST_BLOCK = 16  # times `width`
SMALLEST = 4  # pixels: the least side that is doubled


def nearest(maps: jax.Array, size: tuple[int, int]) -> jax.Array:
    """Return maps [b, h, w, c] at a size that divides theirs: every k-th row and column."""
    rows, columns = (have // want for have, want in zip(maps.shape[1:3], size, strict=True))
    return maps[:, ::rows, ::columns]


class Spade(nn.Module):
    """Normalise x [b, h, w, c], then scale and shift it as maps [b, H, W, classes] determine."""

    hidden: int

    @nn.compact
    def __call__(self, x: jax.Array, maps: jax.Array) -> jax.Array:
        to = lambda features, name: Conv(features, kernel_init=glorot, name=name)
        _, height, width, _ = x.shape
        seen = nn.relu(to(self.hidden, "shared")(nearest(maps, (height, width))))
        gain, bias = to(x.shape[-1], "gain")(seen), to(x.shape[-1], "bias")(seen)
        return InstanceNorm(name="norm")(x) * (1.0 + gain) + bias


class Block(nn.Module):
    """Map x [b, h, w, in] to [b, h, w, features], modulated by maps [b, H, W, classes]."""

    features: int
    hidden: int

    @nn.compact
    def __call__(self, x: jax.Array, maps: jax.Array) -> jax.Array:
        y, inputs = x, x.shape[-1]
        for i, features in enumerate((min(inputs, self.features), self.features)):
            y = nn.leaky_relu(Spade(self.hidden, name=f"spade_{i}")(y, maps), 0.2)
            y = Conv(features, kernel_init=glorot, name=f"conv_{i}")(y)
        if inputs != self.features:
            x = Spade(self.hidden, name="spade_skip")(x, maps)
            x = Conv(self.features, 1, use_bias=False, kernel_init=glorot, name="skip")(x)
        return x + y


class Decoder(nn.Module):
    """Map latents [b, latent_dim] and maps [b, h, w, classes] to images [b, h, w, channels].

    levels: doublings. size: (height, width) of the first features if latents make them; None if the
      map does.
    """

    channels: int
    width: int
    hidden: int
    levels: int
    size: tuple[int, int] | None

    @nn.compact
    def __call__(self, latents: jax.Array, maps: jax.Array) -> jax.Array:
        refuse_size(maps.shape[1:3], 2**self.levels)
        height, width = (side >> self.levels for side in maps.shape[1:3])
        widths = [min(1 << k, WIDEST_BLOCK) * self.width for k in reversed(range(self.levels + 1))]
        if self.size is None:
            small = nearest(maps, (height, width))
            x = Conv(widths[0], kernel_init=glorot, name="first")(small)
        else:
            if (height, width) != self.size:
                full = [side << self.levels for side in self.size]
                raise ValueError(
                    f"maps of {maps.shape[1]} x {maps.shape[2]}: with model.style the first "
                    f"features have a fixed size; write {full[0]} x {full[1]}"
                )
            x = Dense(height * width * widths[0], kernel_init=glorot, name="first")(latents)
            x = x.reshape(-1, height, width, widths[0])
        for i, features in enumerate(widths):
            x = upsample(x) if i else x
            x = Block(features, self.hidden, name=f"block_{i}")(x, maps)
        x = Conv(self.channels, kernel_init=glorot, name="last")(nn.leaky_relu(x, 0.2))
        return jnp.tanh(x)


class Encoder(nn.Module):
    """Map images [b, h, w, c] to mean and log variance of their latents, each [b, latent_dim]."""

    width: int
    levels: int
    latent_dim: int

    @nn.compact
    def __call__(self, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        x = images
        for i in range(self.levels):
            features = min(1 << i, WIDEST) * self.width
            layer = Conv(features, resample="stride", kernel_init=glorot, name=f"conv_{i}")
            x = nn.leaky_relu(InstanceNorm(name=f"norm_{i}")(layer(x)), 0.2)
        x = x.reshape(len(x), -1)
        to = lambda name: Dense(self.latent_dim, kernel_init=glorot, name=name)(x)
        return to("mean"), to("log_variance")


class Generator(nn.Module):
    """The decoder, and with `style` the encoder."""

    channels: int
    width: int
    hidden: int
    levels: int
    latent_dim: int
    size: tuple[int, int]
    style: bool

    def setup(self):
        size = self.size if self.style else None
        self.decoder = Decoder(self.channels, self.width, self.hidden, self.levels, size)
        if self.style:
            self.encoder = Encoder(self.width, self.levels, self.latent_dim)

    def __call__(self, latents: jax.Array, maps: jax.Array) -> jax.Array:
        if self.style and self.is_initializing():
            self.encoder(jnp.zeros((*maps.shape[:3], self.channels)))
        return self.decoder(latents, maps)

    def encode(self, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return mean and log variance of the latents of images."""
        return self.encoder(images)


class Judge(nn.Module):
    """Map an image with its map as channels, [b, h, w, c], to every layer's features and last the
    logits [b, h', w']. layers: number of strided convolutions."""

    width: int
    layers: int

    @nn.compact
    def __call__(self, x: jax.Array) -> tuple[jax.Array, ...]:
        found = []
        for i in range(self.layers + 1):
            features = min(self.width << i, WIDEST * self.width)
            convolve = conv_halving if i < self.layers else conv_shrinking
            x = Layer(convolve, features, "plain" if i else "", name=f"conv_{i}")(x)
            x = nn.leaky_relu(x, 0.2)
            found.append(x)
        return (*found, Layer(conv_shrinking, 1, name="to_logits")(x)[..., 0])


class Discriminator(nn.Module):
    """Patch discriminators at several scales, of images [b, h, w, c] with maps [b, h, w,
    classes]."""

    width: int
    layers: int
    scales: int

    def setup(self):
        self.judges = [Judge(self.width, self.layers) for _ in range(self.scales)]

    def __call__(self, images: jax.Array, maps: jax.Array) -> tuple[jax.Array, ...]:
        return tuple(found[-1] for found in self.activations(images, maps))

    def activations(self, images: jax.Array, maps: jax.Array) -> tuple[tuple[jax.Array, ...], ...]:
        """Return for each scale the features of every layer and, last, the logits [b, h', w']."""
        x, found = jnp.concatenate([maps, images], -1), []
        for i, judge in enumerate(self.judges):
            x = average_pool(x) if i else x
            found.append(judge(x))
        return tuple(found)


AT_LEAST = {"patch_layers": 0, "scales": 1}  # the smallest values of fields


def default_config() -> ConfigDict:
    """Return the paper's networks for 256 x 256, without style."""
    return ConfigDict(
        {
            "name": "spade",
            "width": 64,  # channels of G's narrowest block and the other networks' first layer
            "hidden": 128,  # channels between a map and the gains and biases
            "style": False,  # latents make the first features, an encoder makes latents
            "latent_dim": 256,
            "patch_layers": 3,  # strided convolutions of a judge: 3 see 70 x 70 pixels
            "scales": 2,  # discriminators, each at half the size of the one before
        }
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return generator and discriminator for images and maps, both [height, width, channels]."""
    height, width, channels = image_shape(spec)
    source_shape(spec)  # refuses labels
    levels = halvings(height, width, SMALLEST)
    if levels < 1:
        raise ValueError(f"data.size = {height} x {width}: write multiples of 8 at least")
    if config.scales < 1:
        raise ValueError(f"model.scales = {config.scales}: write 1 or more")
    refuse_size((height, width), 1 << config.scales - 1)
    if config.patch_layers < 1:
        raise ValueError(f"model.patch_layers = {config.patch_layers}: write 1 or more")
    # The last norm must see at least 2 x 2 pixels, in the coarsest discriminator too.
    least = 3 << config.patch_layers + config.scales - 1
    if min(height, width) < least:
        raise ValueError(
            f"model.patch_layers = {config.patch_layers} and model.scales = {config.scales} need "
            f"images of {least} pixels or more: write less of either for {height} x {width}"
        )
    generator = Generator(
        channels,
        config.width,
        config.hidden,
        levels,
        config.latent_dim,
        (height >> levels, width >> levels),
        bool(config.style),
    )
    discriminator = Discriminator(config.width, config.patch_layers, config.scales)
    calls = ("encode",) if config.style else ()
    return {
        "generator": linen(generator, spec.noise, spec.condition, calls=calls),
        "discriminator": linen(discriminator, spec.sample, spec.condition, calls=("activations",)),
    }
