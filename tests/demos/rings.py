"""Mode coverage: every adversarial game on eight Gaussians on a ring, with the same networks.

    python -m tests.demos.rings [rings.png] [seeds]        minutes on a CPU

Prints for each game, over seeds, how many of the eight modes are found (a mode counts when it gets
a quarter of its share of 2,000 points within 3 deviations), and how many points lie near any. All
seeds of a game are trained in one program, by vmap: 1,500 steps of 256 points.
"""

import sys
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.config import default_config
from jaxgan.game.game import Game, bind, init_state
from jaxgan.game.objectives import adversarial, relativistic
from jaxgan.game.steps import train_step
from jaxgan.game.terms import compose
from jaxgan.media.pictures import captioned, save_picture
from tests import rings

STEPS, POINTS = 1500, 2000
# Game -> loss, penalty and its weight, spectral norm of the discriminator.
GAMES = {
    "minimax": ("minimax", "none", 0.0, True),
    "non-saturating": ("non_saturating", "none", 0.0, True),
    "no spectral norm": ("non_saturating", "none", 0.0, False),
    "R1": ("non_saturating", "r1", 0.1, False),
    "hinge": ("hinge", "none", 0.0, True),
    "least squares": ("least_squares", "none", 0.0, True),
    "Wasserstein": ("wasserstein", "none", 0.0, True),
    "WGAN-GP": ("wasserstein", "gradient_penalty", 1.0, False),
    "KL": ("kl", "none", 0.0, True),
    "reverse KL": ("reverse_kl", "none", 0.0, True),
    "Jensen-Shannon": ("jensen_shannon", "none", 0.0, True),
    "Pearson": ("pearson", "none", 0.0, True),
    "squared Hellinger": ("squared_hellinger", "none", 0.0, True),
    "relativistic": ("", "none", 0.0, True),
    "relativistic R1 + R2": ("", "r1_r2", 0.1, False),
}


def ring_game(name: str) -> Game:
    """Return the ring's game with another loss and penalty."""
    loss, penalty, weight, spectral_norm = GAMES[name]
    config = default_config()
    config.penalty.update(name=penalty, weight=weight)
    objective = adversarial if loss else relativistic
    fields = objective.default_config()
    if loss:
        fields.loss = loss
    terms = compose.terms_of(config, 256)
    wanted, _ = compose.with_terms(config, objective.objectives(fields), terms, 256)
    game = rings.game(normalised_d=spectral_norm)
    players = {name: replace(p, objective=wanted[name]) for name, p in game.players.items()}
    return replace(game, players=players)


def points(game: Game, seeds: int) -> np.ndarray:
    """Return points [seeds, POINTS, 2] of the averaged generators of trained games."""

    @jax.jit
    @jax.vmap
    def trained(seed):
        def body(state, key):
            return train_step(game, state, rings.batch(key, (1, 1, 256)))[0], None

        keys = jax.random.split(jax.random.fold_in(jax.random.key(1), seed), STEPS)
        state, _ = jax.lax.scan(body, init_state(game, seed), keys)
        generator = bind(game.players["generator"].side, state.averages["generator"])
        return generator.call(*rings.prior(jax.random.key(9), POINTS))

    return np.asarray(trained(jnp.arange(seeds)))


def coverage(found: np.ndarray) -> tuple[int, float]:
    """Return how many modes points [n, 2] cover, and the share of points near one."""
    distances = np.linalg.norm(found[:, None] - rings.centres()[None], axis=-1)
    near = distances.min(1) < 3 * rings.SPREAD
    modes = np.bincount(distances.argmin(1)[near], minlength=8)
    return int((modes > len(found) / 8 / 4).sum()), float(near.mean())


def cloud(found: np.ndarray, size: int = 96) -> np.ndarray:
    """Return a picture [size, size, 1] uint8 of points in [-1.5, 1.5]^2."""
    counts, _, _ = np.histogram2d(found[:, 1], found[:, 0], size, [[-1.5, 1.5]] * 2)
    return (255 - np.minimum(counts * 80, 255))[::-1, :, None].astype(np.uint8)


def main(output: str = "rings.png", seeds: int = 3) -> None:
    clouds, seeds = [], int(seeds)
    print("| game | modes of 8 | points near one |\n| --- | --- | --- |")
    for name in GAMES:
        found = points(ring_game(name), seeds)
        modes, near = zip(*map(coverage, found), strict=True)
        clouds.append([cloud(f) for f in found])
        shares = f"{np.mean(near):.0%} ({min(near):.0%} to {max(near):.0%})"
        print(f"| {name} | {', '.join(map(str, modes))} | {shares} |", flush=True)
    save_picture(Path(output), captioned(np.concatenate(clouds), seeds, list(GAMES)))
    print(output)


if __name__ == "__main__":
    main(*sys.argv[1:])
