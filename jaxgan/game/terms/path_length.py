"""Path length (arXiv 1912.04958): a fixed step in w should change the image equally everywhere.

    (|J^T y| - a)^2,   J = d image / d w,   y from N(0, 1) / sqrt(height x width)

for every image, where w are the styles of all layers: |.|^2 is a sum over the styles' dimension and
a mean over layers. a is a moving average of the lengths, one of the generator's stats, without
gradient. J^T y is the gradient of <image, y>. Needs models/stylegan.py.
"""

import jax
import jax.numpy as jnp

from jaxgan.game.game import Drawn, Nets
from jaxgan.game.keys import Keys
from jaxgan.game.terms.wrappers import Term


def path_length(decay: float = 0.99) -> Term:
    """Return the generator's term, before its weight. decay: of the moving average a."""

    def value(nets: Nets, drawn: Drawn, state: dict[str, jax.Array], keys: Keys):
        styles = nets.generator.styles(drawn.noise, drawn.fake.condition)

        def projected(styles: jax.Array) -> jax.Array:
            images = nets.generator.synthesise(styles, drawn.noise)
            y = (
                jax.random.normal(keys["y"], images.shape)
                / (images.shape[1] * images.shape[2]) ** 0.5
            )
            return (images * y).sum()

        slopes = jax.grad(projected)(styles)
        lengths = jnp.sqrt(jnp.square(slopes).sum(-1).mean(-1) + 1e-12)  # sqrt has none at 0
        mean = decay * state["mean"] + (1.0 - decay) * jax.lax.stop_gradient(lengths.mean())
        return jnp.square(lengths - mean), {"mean": mean}

    needs = {"generator": ("styles", "synthesise")}
    return Term(lambda: {"mean": jnp.zeros(())}, value, needs)
