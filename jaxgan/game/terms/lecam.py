"""LeCam regularisation (arXiv 2104.03310): logits are kept near the average of the other side.

    (D(x) - a_fake)^2 + (D(G(z)) - a_real)^2

a_real and a_fake are moving averages of D(x) and D(G(z)), without gradient; they are stats and
start at 0. With the Wasserstein loss, the sum bounds a weighted LeCam divergence. The averages are
updated before they are used, as in the paper's algorithm.

Deviation: the authors' code counts only one side of each difference; this is the paper's equation.
"""

import jax
import jax.numpy as jnp

from jaxgan.game.game import Drawn, Nets
from jaxgan.game.keys import Keys
from jaxgan.game.losses import score
from jaxgan.game.terms.wrappers import Term, logits_of


def lecam(decay: float = 0.99) -> Term:
    """Return the discriminator's term, before its weight. decay: of the moving averages."""

    def value(nets: Nets, drawn: Drawn, state: dict[str, jax.Array], keys: Keys):
        of_real, of_fake = logits_of(drawn)
        logits = {"real": score(of_real), "fake": score(of_fake)}
        state = {
            side: decay * old + (1.0 - decay) * jax.lax.stop_gradient(logits[side].mean())
            for side, old in state.items()
        }
        squares = jnp.square(logits["real"] - state["fake"]) + jnp.square(
            logits["fake"] - state["real"]
        )
        return squares, state

    return Term(lambda: {"real": jnp.zeros(()), "fake": jnp.zeros(())}, value)
