"""The step: what it computes, and what it leaves alone."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan.game.game import Nets, init_state
from jaxgan.game.steps import accumulate, bind, d_step, g_step, player_step, train_step
from tests import rings

ULP = 2.0**-23


def assert_close(a, b, ulps: float):
    """Equal within `ulps` rounding errors of the largest entry of each leaf."""
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        x, y = np.asarray(x), np.asarray(y)
        np.testing.assert_allclose(x, y, rtol=0, atol=ulps * ULP * max(np.abs(x).max(), 1.0))


def assert_same(a, b):
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_array_equal(np.asarray(x), np.asarray(y))


@partial(jax.jit, static_argnums=0)
def first(gan, seed):
    return init_state(gan, seed)


def arrays(state):
    """Return a state without its typed key."""
    return state.replace(key=jax.random.key_data(state.key))


@pytest.mark.parametrize("step,other", [(d_step, "generator"), (g_step, "discriminator")])
def test_a_step_leaves_the_opponent_and_the_rest_bit_identical(step, other):
    gan = rings.game()
    state = first(gan, 0)
    new, _ = jax.jit(partial(step, gan))(state, rings.batch(jax.random.key(1), (1, 8)), state.key)
    assert_same(getattr(new, other), getattr(state, other))
    assert_same((new.step, new.average), (state.step, state.average))
    mine = "discriminator" if other == "generator" else "generator"
    for a, b in zip(*(jax.tree.leaves(getattr(s, mine).params) for s in (new, state)), strict=True):
        assert np.abs(np.asarray(a - b)).max() > 0


def test_train_step_is_its_parts_in_order():
    gan = rings.game()
    state = first(gan, 3)
    batch = rings.batch(jax.random.key(1), (2, 1, 8))
    new, _ = jax.jit(partial(train_step, gan))(state, batch)

    d_key, g_key = jax.random.split(jax.random.fold_in(state.key, 0))
    by_hand = state
    for i, key in enumerate(jax.random.split(d_key, 2)):
        by_hand, _ = jax.jit(partial(d_step, gan))(
            by_hand, jax.tree.map(lambda x, i=i: x[i], batch), key
        )
    by_hand, _ = jax.jit(partial(g_step, gan))(by_hand, jax.tree.map(lambda x: x[-1], batch), g_key)
    # Other programs fuse, and so round, otherwise: a few ulps a player step.
    assert_close(new.discriminator, by_hand.discriminator, 20)
    assert_close(new.generator, by_hand.generator, 20)
    average = jax.tree.map(
        lambda a, p: 0.99 * a + 0.01 * p, state.average, by_hand.generator.params
    )
    assert_close(new.average, average, 20)
    assert int(new.step) == 1


def test_one_trace_for_all_steps():
    gan, traces = rings.game(), []

    @jax.jit
    def step(state, batch):
        traces.append(1)
        return train_step(gan, state, batch)

    state = first(gan, 0)
    for i in range(3):
        state, _ = step(state, rings.batch(jax.random.key(i), (1, 1, 8)))
    assert len(traces) == 1


def mean_gradient(gan, microbatches: int):
    """Return the generator's mean gradient over 16 latents, in `microbatches` parts."""
    state = first(gan, 0)
    params = state.generator.params
    critic = bind(gan.discriminator, state.discriminator.params)
    latents, _ = rings.prior(jax.random.key(5), 16)
    batch = {"z": latents.reshape(microbatches, -1, rings.LATENTS)}

    def objective(weights, stats, batch, key):
        labels = jnp.zeros(len(batch["z"]), jnp.int32)
        generate = bind(gan.generator, weights)
        loss = -critic(generate(batch["z"], labels), labels).mean()
        return loss, (stats + 1, {"loss": loss})

    return accumulate(objective, params, jnp.zeros(()), batch, jax.random.key(0))


def test_accumulation_equals_the_large_batch_without_batch_norm():
    whole, _, metrics = mean_gradient(rings.game(), 1)
    for k in (2, 8):
        parts, stats, part_metrics = mean_gradient(rings.game(), k)
        # Sums of 16 terms in another order: at most 16 ulps, forward and back.
        assert_close(whole, parts, 32)
        assert_close(metrics, part_metrics, 32)
        assert stats == k  # stats ride from one microbatch to the next


def test_accumulation_differs_with_batch_norm_whose_moments_are_a_microbatchs():
    whole, parts = (mean_gradient(rings.game(normalise=True), k)[0] for k in (1, 4))
    difference = optax.tree.norm(jax.tree.map(jnp.subtract, whole, parts))
    assert difference > 0.01 * optax.tree.norm(whole)


def test_gradient_through_the_seam_equals_grad_through_the_transform():
    gan = rings.game(learning_rate=1.0)
    # Plain descent with rate 1, so that the update is the gradient.
    player = gan.discriminator
    gan = type(gan)(
        gan.generator,
        type(player)(
            player.module, player.example, player.objective, optax.sgd(1.0), player.transform
        ),
        gan.prior,
    )
    state = first(gan, 0)
    batch, key = rings.batch(jax.random.key(1), (2, 8)), jax.random.key(2)

    def loss(params):
        weights, _ = player.transform.apply(params, state.discriminator.transform_state)
        nets = Nets(bind(gan.generator, state.generator.params), bind(gan.discriminator, weights))
        keys = jax.random.split(key, 2)
        parts = [jax.tree.map(lambda x, i=i: x[i], batch) for i in range(2)]
        return (
            sum(
                player.objective(gan, nets, {}, part, k)[0]
                for part, k in zip(parts, keys, strict=True)
            )
            / 2
        )

    new, metrics = jax.jit(partial(player_step, gan, "discriminator"))(state, batch, key)
    grads = jax.jit(jax.grad(loss))(state.discriminator.params)
    expected = jax.tree.map(jnp.subtract, state.discriminator.params, grads)
    assert_close(new.discriminator.params, expected, 16)
    np.testing.assert_allclose(metrics["d/grad_norm"], optax.tree.norm(grads), rtol=1e-5)
    assert metrics["d/bad_leaf"] == -1


def test_the_first_leaf_that_is_not_finite_is_named():
    gan = rings.game(normalised_d=False)
    state = first(gan, 0)
    batch = rings.batch(jax.random.key(1), (1, 8))
    batch["images"] = batch["images"].at[0, 0, 0].set(jnp.nan)
    _, metrics = jax.jit(partial(d_step, gan))(state, batch, state.key)
    assert metrics["d/bad_leaf"] == 0  # NaN in the data reaches the first leaf already


def test_vmap_over_seeds_gives_what_separate_runs_give():
    gan = rings.game()
    step = jax.jit(partial(train_step, gan))
    many = jax.jit(jax.vmap(partial(train_step, gan)))
    batches = [rings.batch(jax.random.key(i), (1, 1, 16)) for i in range(2)]
    stacked = jax.tree.map(lambda *x: jnp.stack(x), *batches)
    states = jax.jit(jax.vmap(partial(init_state, gan)))(jnp.arange(2))
    for _ in range(3):
        states, _ = many(states, stacked)
    for i in range(2):
        state = first(gan, i)
        for _ in range(3):
            state, _ = step(state, batches[i])
        # Batched products sum in another order: a few ulps in each of six player steps, and each
        # passes on what came before.
        assert_close(arrays(jax.tree.map(lambda x, i=i: x[i], states)), arrays(state), 200)


def test_eight_gaussians_are_learned():
    gan = rings.game()

    @jax.jit
    def run(state):
        def body(state, key):
            return train_step(gan, state, rings.batch(key, (1, 1, 256)))

        return jax.lax.scan(body, state, jax.random.split(jax.random.key(0), 1500))[0]

    state = run(first(gan, 0))
    latents, labels = rings.prior(jax.random.key(9), 2000)
    points = np.asarray(bind(gan.generator, state.average)(latents, labels))
    distances = np.linalg.norm(points[:, None] - rings.centres()[None], axis=-1)
    near = distances.min(1) < 3 * rings.SPREAD
    modes = np.bincount(distances.argmin(1)[near], minlength=8)
    # A mode counts when it gets a quarter of its share, 2000 / 8.
    assert (modes > 2000 / 8 / 4).sum() >= 7, modes
    # By chance alone few points would be near: the discs cover this share of the square.
    assert near.mean() > 0.5 > 8 * np.pi * (3 * rings.SPREAD) ** 2 / 4
