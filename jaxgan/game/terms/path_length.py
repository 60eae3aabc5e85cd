"""Path length (arXiv 1912.04958): a step in w shall change the image by the same amount everywhere.

    weight (|J^T y| - a)^2,   J = d image / d w,   y from N(0, 1) over the root of height x width

for every image, with w the styles of all layers: |.|^2 is a sum over the styles' dimension and a
mean over layers. a is a moving average of the lengths, a stat of the generator, without gradient.
J^T y is the gradient of <image, y>. Needs models/stylegan.py.
"""

import jax
import jax.numpy as jnp

from jaxgan.game.game import Nets
from jaxgan.game.terms.wrappers import Drawn, Term


def path_length(weight: float, decay: float = 0.99) -> Term:
    """Return the generator's term."""

    def value(nets: Nets, drawn: Drawn, state: dict[str, jax.Array], key: jax.Array):
        styles = nets.generate(drawn.latents, drawn.fake[1], method="styles")

        def projected(styles: jax.Array) -> jax.Array:
            images = nets.generate(styles, drawn.latents, method="synthesise")
            y = jax.random.normal(key, images.shape) / (images.shape[1] * images.shape[2]) ** 0.5
            return (images * y).sum()

        slopes = jax.grad(projected)(styles)
        lengths = jnp.sqrt(jnp.square(slopes).sum(-1).mean(-1) + 1e-12)  # no derivative at 0
        mean = decay * state["mean"] + (1.0 - decay) * jax.lax.stop_gradient(lengths.mean())
        return weight * jnp.square(lengths - mean), {"mean": mean}

    return Term(lambda: {"mean": jnp.zeros(())}, value)
