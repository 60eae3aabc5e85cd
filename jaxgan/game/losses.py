"""Adversarial losses: logits to one value per logit, to be minimised. Callers take the mean.

A `Loss` is a pair of functions, discriminator(real_logits, fake_logits) and generator(fake_logits),
on float32 arrays of one shape. Higher logits mean "real". s is the logistic function, x real, G(z)
fake. Losses that compare a real with a fake example are in objectives/relativistic.py.

Logits may be a pytree: one [b] per image, [b, h, w] for patches, several leaves for several scales
or heads. `each` reduces them to one number per example.

>>> import jax.numpy as jnp
>>> hinge.discriminator(jnp.array([2.0, 0.5]), jnp.array([-3.0, 0.0]))
Array([0. , 1.5], dtype=float32)
>>> hinge.generator(jnp.array([-3.0, 0.5]))
Array([ 3. , -0.5], dtype=float32)
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.nn import relu, softplus


class Loss(NamedTuple):
    discriminator: Callable[[jax.Array, jax.Array], jax.Array]
    generator: Callable[[jax.Array], jax.Array]


def each(function: Callable[..., jax.Array], *logits: Any) -> jax.Array:
    """Apply a function to logits and reduce the result to one value per example, [b] float32.

    Args:
      function: elementwise on the leaves, such as hinge.discriminator.
      logits: pytrees of one structure with leaves [b, ...].

    Returns:
      The mean over an example's logits in each leaf, summed over leaves: a game with two
      discriminators minimises the sum of both losses.

    >>> patches = {"fine": jnp.ones((2, 3, 3)), "coarse": 2.0 * jnp.ones((2,))}
    >>> each(lambda x: x, patches)
    Array([3., 3.], dtype=float32)
    """
    leaves = [jax.tree.leaves(tree) for tree in logits]
    values = [function(*parts) for parts in zip(*leaves, strict=True)]
    means = [v if v.ndim == 1 else v.mean(tuple(range(1, v.ndim))) for v in values]
    return sum(means[1:], means[0])


def score(logits: Any) -> jax.Array:
    """Reduce logits to one per example, [b] float32: see `each`."""
    return each(lambda x: x, logits)


# Hinge (arXiv 1705.02894): max(0, 1 - D(x)) + max(0, 1 + D(G(z))); the generator -D(G(z)).
hinge = Loss(
    discriminator=lambda real, fake: relu(1.0 - real) + relu(1.0 + fake),
    generator=lambda fake: -fake,
)

# Minimax (arXiv 1406.2661): -log s(D(x)) - log(1 - s(D(G(z)))); the generator
# log(1 - s(D(G(z)))), whose gradient vanishes where the discriminator is confident.
minimax = Loss(
    discriminator=lambda real, fake: softplus(-real) + softplus(fake),
    generator=lambda fake: -softplus(fake),
)

# Non-saturating (the same paper): the generator -log s(D(G(z))).
non_saturating = Loss(
    discriminator=minimax.discriminator,
    generator=lambda fake: softplus(-fake),
)

# One-sided label smoothing (arXiv 1606.03498): the target is 0.9 instead of 1 for real images and 0
# as before for generated ones. The optimal discriminator is 0.9 data / (data + model).
label_smoothing = Loss(
    discriminator=lambda real, fake: 0.9 * softplus(-real) + 0.1 * softplus(real) + softplus(fake),
    generator=non_saturating.generator,
)

# Wasserstein (arXiv 1701.07875): D(G(z)) - D(x); the generator -D(G(z)). The discriminator must be
# Lipschitz: by a penalty (terms/), by clip_weights (regularizers.py) or by spectral norm.
wasserstein = Loss(
    discriminator=lambda real, fake: fake - real,
    generator=lambda fake: -fake,
)

# Least squares (arXiv 1611.04076) with targets a = 0, b = c = 1: (D(x) - 1)^2 / 2 + D(G(z))^2 / 2;
# the generator (D(G(z)) - 1)^2 / 2.
least_squares = Loss(
    discriminator=lambda real, fake: 0.5 * (real - 1.0) ** 2 + 0.5 * fake**2,
    generator=lambda fake: 0.5 * (fake - 1.0) ** 2,
)

# Energy based (arXiv 1609.03126): E(x) + max(0, margin - E(G(z))); the generator E(G(z)), with
# D = -E / margin. For models/autoencoder.py, or any D that is at most 0 for real images.
energy_based = Loss(
    discriminator=lambda real, fake: -real + relu(1.0 + fake),
    generator=lambda fake: -fake,
)


def top_k(loss: Loss, share: float) -> Loss:
    """Return a loss whose generator learns only from its best fakes (arXiv 2002.06224).

    These are the k with the highest logits, where k is `share` of the batch, rounded: by their mean
    logits where a sample has several, as for patches, and for each scale or head on its own. The
    others have the loss 0, and the k losses are multiplied by batch / k, so that the batch's mean
    is the mean over the k. On several devices, the batch is the global one. Deviation: the paper
    starts with the whole batch and lowers k during training.
    """

    def generator(fake: jax.Array) -> jax.Array:
        k = max(round(share * len(fake)), 1)
        best = jax.lax.top_k(jax.lax.stop_gradient(score(fake)), k)[1]  # exactly k, also with ties
        chosen = jnp.zeros(len(fake)).at[best].set(len(fake) / k)
        return chosen.reshape(-1, *(1,) * (fake.ndim - 1)) * loss.generator(fake)

    return Loss(loss.discriminator, generator)


def f_gan(
    activation: Callable[[jax.Array], jax.Array], conjugate: Callable[[jax.Array], jax.Array]
) -> Loss:
    """Return the loss of an f-divergence D_f(data || model) = E_model f(data / model).

    The discriminator's loss is -a(D(x)) + c(D(G(z))), the negative of a lower bound on the
    divergence that is attained when a(D) = f'(data / model); the generator's is -c(D(G(z))), the
    exact minimax game (arXiv 1606.00709).

    Args:
      activation: a(v), which maps a logit into the domain of the conjugate f*.
      conjugate: c(v) = f*(a(v)) in closed form: evaluating f* after a overflows in float32.
    """
    return Loss(
        discriminator=lambda real, fake: -activation(real) + conjugate(fake),
        generator=lambda fake: -conjugate(fake),
    )


# The divergences of that paper's table 6, each with f(u); f*(t); a(v).
# u log u; exp(t - 1); v. Covers the modes of the data.
kl = f_gan(lambda v: v, lambda v: jnp.exp(v - 1.0))
# -log u; -1 - log(-t); -exp(-v). Seeks a mode of the data.
reverse_kl = f_gan(lambda v: -jnp.exp(-v), lambda v: v - 1.0)
# u log u - (u + 1) log((u + 1) / 2); -log(2 - exp t); log 2 - log(1 + exp(-v)). This is twice the
# Jensen-Shannon divergence, and minimax plus log 4.
jensen_shannon = f_gan(
    lambda v: jnp.log(2.0) - softplus(-v),
    lambda v: softplus(v) - jnp.log(2.0),
)
# (u - 1)^2; t^2 / 4 + t; v.
pearson = f_gan(lambda v: v, lambda v: 0.25 * v**2 + v)
# (sqrt u - 1)^2; t / (1 - t); 1 - exp(-v).
squared_hellinger = f_gan(lambda v: 1.0 - jnp.exp(-v), lambda v: jnp.exp(v) - 1.0)
