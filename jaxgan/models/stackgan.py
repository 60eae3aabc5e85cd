"""StackGAN (arXiv 1612.03242): an image of a caption in two stages, the second four times as large.

    c = mu(t) + sigma(t) eps        conditioning augmentation, of a text vector t
    stage 1   noise and c -> dense, bn to 4 x 4; a residual; up, bn; a residual; (up, bn, ReLU) ...,
              up, tanh
    stage 2   stage 1's image -> 3 x 3, ReLU; (halving, bn, ReLU) twice; joined with its own c at
              every position, 3 x 3, bn, ReLU; 4 residual blocks; (up, bn, ReLU) 4 times, 3 x 3,
              tanh

mu and log sigma come from one dense layer of t with leaky ReLU (0.2) on both. "up" is nearest
upsampling x 2, then 3 x 3. Stage 1's residuals and the discriminator of each stage are from
text_dcgan.py. No convolution has a bias; kernels come from N(0, 0.02^2).

eps is a part of the latents, [noise, stage 1's eps, stage 2's eps], with `augmented` numbers each,
so an image is a function of latents and text. The authors' code draws eps from a truncated normal;
here truncation at sampling applies to eps as to the noise. Stage 2 is trained with stage 1 frozen
(`generator.freeze`), and no gradient passes into it.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models.convolution import conv, conv_halving, conv_up
from jaxgan.models.halvings import doublings
from jaxgan.models.layers import BatchNorm, Dense
from jaxgan.models.sides import image_shape, linen, text_dim
from jaxgan.models.text_dcgan import Discriminator, Layer, Residual, leaky, normal

TIMES = 4  # how many times larger stage 2's image is than stage 1's
BLOCKS = 4  # of stage 2


class Augmentation(nn.Module):
    """Map text vectors [b, text_dim] to mu and log sigma, [b, features] each."""

    features: int

    @nn.compact
    def __call__(self, texts: jax.Array) -> tuple[jax.Array, jax.Array]:
        both = leaky(Dense(2 * self.features, kernel_init=normal, name="moments")(texts))
        return both[:, : self.features], both[:, self.features :]


def augmented(moments: tuple[jax.Array, jax.Array], eps: jax.Array) -> jax.Array:
    """Return mu + sigma eps, [b, features]."""
    mu, log_sigma = moments
    return mu + jnp.exp(log_sigma) * eps


class Stage1(nn.Module):
    """Map latents [b, noise + augmented] and text vectors to images [b, h, w, channels].

    widths: channels of each stage but the image, coarsest first.
    """

    image_shape: tuple[int, int, int]
    widths: tuple[int, ...]
    augmented: int
    eps: float

    def setup(self):
        self.augmentation = Augmentation(self.augmented)
        self.image = Image(self.image_shape, self.widths, self.eps)

    def __call__(self, latents: jax.Array, texts: jax.Array) -> jax.Array:
        noise, eps = latents[:, : -self.augmented], latents[:, -self.augmented :]
        c = augmented(self.augmentation(texts), eps)
        return self.image(jnp.concatenate([noise, c], -1))

    def translate(self, latents: jax.Array, texts: jax.Array) -> jax.Array:
        """Return the same: an image of a caption."""
        return self(latents, texts)

    def moments(self, texts: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return mu and log sigma of text vectors, [b, augmented] each."""
        return self.augmentation(texts)


class Image(nn.Module):
    """Map noise and c [b, n] to stage 1's images [b, h, w, channels]."""

    image_shape: tuple[int, int, int]
    widths: tuple[int, ...]
    eps: float

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        height, width, channels = self.image_shape
        n = len(self.widths)
        base = height >> n, width >> n, self.widths[0]
        x = Dense(base[0] * base[1] * base[2], kernel_init=normal, name="linear")(x)
        # Batch norm of each element of the map separately, as in the authors' code.
        x = BatchNorm(self.eps, name="norm")(x).reshape(-1, *base)
        for i in range(n):
            if i:
                x = Layer(conv_up, self.widths[i], 3, self.eps, name=f"up_{i}")(x)
            x = Residual(nn.relu, self.eps, name=f"residual_{i}")(x) if i < 2 else nn.relu(x)
        return jnp.tanh(Layer(conv_up, channels, 3, 0.0, name="last")(x))


class Refinement(nn.Module):
    """Map stage 1's images [b, h, w, channels] and c [b, n] to [b, 4 h, 4 w, channels]."""

    width: int
    eps: float

    @nn.compact
    def __call__(self, image: jax.Array, c: jax.Array) -> jax.Array:
        w, channels = self.width, image.shape[-1]
        x = nn.relu(Layer(conv, 2 * w, 3, 0.0, name="first")(image))
        for i in (1, 2):
            x = nn.relu(Layer(conv_halving, 2 * w << i, 4, self.eps, name=f"down_{i}")(x))
        everywhere = jnp.broadcast_to(c[:, None, None], (*x.shape[:3], c.shape[-1]))
        x = jnp.concatenate([x, everywhere], -1)
        x = nn.relu(Layer(conv, 8 * w, 3, self.eps, name="joined")(x))
        for i in range(BLOCKS):
            y = nn.relu(Layer(conv, 8 * w, 3, self.eps, name=f"block_{i}_0")(x))
            x = nn.relu(x + Layer(conv, 8 * w, 3, self.eps, name=f"block_{i}_1")(y))
        for i in range(4):
            x = nn.relu(Layer(conv_up, 4 * w >> i, 3, self.eps, name=f"up_{i}")(x))
        return jnp.tanh(Layer(conv, channels, 3, 0.0, name="last")(x))


class Stage2(nn.Module):
    """Map latents [b, noise + 2 augmented] and text vectors to images [b, h, w, channels]."""

    stage_1: Stage1
    width: int
    augmented: int
    eps: float

    def setup(self):
        self.augmentation = Augmentation(self.augmented)
        self.refinement = Refinement(self.width, self.eps)

    def __call__(self, latents: jax.Array, texts: jax.Array) -> jax.Array:
        first, eps = latents[:, : -self.augmented], latents[:, -self.augmented :]
        image = jax.lax.stop_gradient(self.stage_1(first, texts))
        return self.refinement(image, augmented(self.augmentation(texts), eps))

    def translate(self, latents: jax.Array, texts: jax.Array) -> jax.Array:
        """Return the same: an image of a caption."""
        return self(latents, texts)

    def moments(self, texts: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return mu and log sigma of text vectors, [b, augmented] each."""
        return self.augmentation(texts)


AT_LEAST = {"augmented": 1, "stage": 1, "text": 1}  # the smallest values of fields


def default_config() -> ConfigDict:
    """Return the authors' networks: 64 x 64 in stage 1, 256 x 256 in stage 2."""
    return ConfigDict(
        {
            "name": "stackgan",
            "stage": 1,
            "width": 64,  # channels of D's first stage; G's last is twice as wide
            "latent_dim": 228,  # 100 of noise, and eps, `augmented` per stage: 356 in stage 2
            "augmented": 128,  # numbers of c
            "text": 128,  # numbers that D reduces a text vector to
            "batch_norm_eps": 1e-5,
        }
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return generator and discriminator for images [height, width, channels] and their texts."""
    (height, width, channels), eps = image_shape(spec), config.batch_norm_eps
    text_dim(spec)  # refuses labels and images
    if config.stage not in (1, 2):
        raise ValueError(f"model.stage = {config.stage}: write 1 or 2")
    if config.width % 4:
        raise ValueError(f"model.width = {config.width}: write a multiple of 4")
    if config.latent_dim <= config.stage * config.augmented:
        raise ValueError(
            f"model.latent_dim = {config.latent_dim}: stage {config.stage} needs more than "
            f"{config.stage * config.augmented}, {config.augmented} for each c and the rest noise"
        )
    times = TIMES if config.stage == 2 else 1
    if height % (4 * times) or width % (4 * times) or min(height, width) < 8 * times:
        raise ValueError(
            f"data.size = {height} x {width} in stage {config.stage}: write multiples of "
            f"{4 * times}, {8 * times} at least"
        )
    first = height // times, width // times, channels
    widths = tuple(config.width << i for i in range(doublings(*first[:2]) + 1))
    generator = Stage1(first, widths[:0:-1], config.augmented, eps)
    if config.stage == 2:
        generator = Stage2(generator, config.width, config.augmented, eps)
    seen = tuple(config.width << i for i in range(doublings(height, width)))
    discriminator = Discriminator(seen, config.text, eps)
    calls = ("translate", "moments")
    return {
        "generator": linen(generator, spec.noise, spec.condition, calls=calls),
        "discriminator": linen(discriminator, spec.sample, spec.condition),
    }
