"""A training loop of one's own in thirty lines: d_step and g_step are pure functions."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan import Batch, d_step, default_config, g_step, init_state
from jaxgan.build import build
from jaxgan.game.keys import Keys
from jaxgan.media.images import images as images_medium


def train(images: np.ndarray, labels: np.ndarray, steps: int):
    """Two discriminator steps on fresh batches, one generator step, and a rule of one's own."""
    config = default_config()
    config.model.update(width=4, latent_dim=8, embedding_dim=4)
    game = build(config, images_medium(images.shape[1:], num_classes=2).spec)
    state = jax.jit(lambda: init_state(game, seed=0))()
    d, g = (jax.jit(lambda *args, f=f: f(game, *args)) for f in (d_step, g_step))
    rng, log = np.random.default_rng(0), []
    for step in range(steps):
        keys = Keys(jax.random.fold_in(state.key, step))
        for turn in ("first", "second"):
            rows = rng.choice(len(images), (1, 8))  # [microbatches, n]
            batch = Batch(jnp.asarray(images[rows]), jnp.asarray(labels[rows]))
            state, d_metrics = d(state, batch, keys[turn])
        if d_metrics["d/loss"] < 5.0:  # the rule: wait for a discriminator that is far behind
            state, g_metrics = g(state, batch, keys["generator"])
            averages = {
                name: average(state.averages[name], state.players[name].params, state.step)
                for name, average in game.averages.items()
            }
            state = state.replace(step=state.step + 1, averages=averages)
            log.append({**d_metrics, **g_metrics})
    return state, log


def test_a_loop_of_ones_own_trains():
    labels = np.arange(64, dtype=np.int32) % 2
    images = np.full((64, 8, 8, 1), -1, np.float32)
    images[labels == 1, :, 4:] = 1  # class 1 is bright on the right
    state, log = train(images, labels, 5)
    assert log and all(np.isfinite(m["g/loss"]) and np.isfinite(m["d/loss"]) for m in log)
    assert int(state.step) == len(log)
    behind = jax.tree.map(
        lambda a, p: np.abs(a - p).max(),
        state.averages["generator"],
        state.players["generator"].params,
    )
    assert max(jax.tree.leaves(behind)) > 0  # the parameters move, their average follows slowly
