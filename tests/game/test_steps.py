"""The step: what it computes, and what it leaves alone."""

import dataclasses
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan.game.game import Batch, Label, Nets, Spec, Turn, alternate, bind, init_state
from jaxgan.game.keys import Keys
from jaxgan.game.steps import accumulate, d_step, g_step, player_step, train_step
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
def first(game, seed):
    return init_state(game, seed)


def arrays(state):
    """Return a state without its typed key."""
    return state.replace(key=jax.random.key_data(state.key))


@pytest.mark.parametrize("step,other", [(d_step, "generator"), (g_step, "discriminator")])
def test_a_step_leaves_the_opponent_and_the_rest_bit_identical(step, other):
    game = rings.game()
    state = first(game, 0)
    new, _ = jax.jit(partial(step, game))(state, rings.batch(jax.random.key(1), (1, 8)), state.key)
    assert_same(new.players[other], state.players[other])
    assert_same((new.step, new.averages), (state.step, state.averages))
    mine = "discriminator" if other == "generator" else "generator"
    for a, b in zip(*(jax.tree.leaves(s.players[mine].params) for s in (new, state)), strict=True):
        assert np.abs(np.asarray(a - b)).max() > 0


D, G = "discriminator", "generator"
ORDERS = {
    "D D G, G on D's last batch": alternate(2),
    "G D G D": (Turn(G, 0), Turn(D, 1), Turn(G, 1), Turn(D, 0)),
}


@pytest.mark.parametrize("turns", ORDERS.values(), ids=ORDERS)
def test_train_step_is_its_turns_in_order(turns):
    game = rings.game(turns=turns)
    state = first(game, 3)
    batch = rings.batch(jax.random.key(1), (game.num_batches, 1, 8))
    new, metrics = jax.jit(partial(train_step, game))(state, batch)

    root, by_hand, losses = Keys(jax.random.fold_in(state.key, 0))["turns"], state, {D: [], G: []}
    for number, turn in enumerate(turns):
        by_hand, found = jax.jit(partial(player_step, game, turn.player))(
            by_hand,
            jax.tree.map(lambda x, t=turn: x[t.batch], batch),
            jax.random.fold_in(root, number),
        )
        losses[turn.player].append(found[f"{turn.player[0]}/loss"])
    # Other programs fuse, and so round, otherwise: a few ulps a player step.
    assert_close(new.players, by_hand.players, 40)
    average = jax.tree.map(
        lambda a, p: 0.99 * a + 0.01 * p, state.averages[G], by_hand.players[G].params
    )
    assert_close(new.averages[G], average, 40)
    assert int(new.step) == 1
    for name, values in losses.items():
        np.testing.assert_allclose(metrics[f"{name[0]}/loss"], np.mean(values), rtol=1e-5)


def test_turns_with_equal_batches_draw_other_noise():
    """Two turns of D on one batch differ: each has a stream of its own."""
    game = rings.game(turns=(Turn(D, 0), Turn(D, 0), Turn(G, 0)))
    drawn = []

    def source(key, batch):
        noise, label = rings.source(key, batch)
        jax.debug.callback(lambda z: drawn.append(np.asarray(z)), noise)
        return noise, label

    watched = dataclasses.replace(game, source=source)
    jax.jit(partial(train_step, watched))(first(game, 0), rings.batch(jax.random.key(1), (1, 1, 4)))
    jax.effects_barrier()
    assert len(drawn) == 3 and len({z.tobytes() for z in drawn}) == 3


def test_a_player_may_bring_its_own_step():
    game = rings.game()

    def still(game, name, state, batch, key):
        return state, {"moved": jnp.zeros(())}

    players = {**game.players, D: dataclasses.replace(game.players[D], step=still)}
    game = dataclasses.replace(game, players=players)
    state = first(game, 0)
    new, metrics = jax.jit(partial(train_step, game))(
        state, rings.batch(jax.random.key(1), (1, 1, 8))
    )
    assert_same(new.players[D], state.players[D])
    assert metrics["d/moved"] == 0.0 and "g/loss" in metrics


def test_one_trace_for_all_steps():
    game, traces = rings.game(), []

    @jax.jit
    def step(state, batch):
        traces.append(1)
        return train_step(game, state, batch)

    state = first(game, 0)
    for i in range(3):
        state, _ = step(state, rings.batch(jax.random.key(i), (1, 1, 8)))
    assert len(traces) == 1


def mean_gradient(game, microbatches: int):
    """Return the generator's mean gradient over 16 latents, in `microbatches` parts."""
    state = first(game, 0)
    params = state.players[G].params
    critic = bind(game.players[D].side, state.players[D].params)
    latents, _ = rings.prior(jax.random.key(5), 16)
    batch = Batch(latents.reshape(microbatches, -1, rings.LATENTS))

    def objective(weights, stats, batch, key):
        labels = jnp.zeros(len(batch.sample), jnp.int32)
        generator = bind(game.players[G].side, weights)
        loss = -critic.call(generator.call(batch.sample, labels), labels).mean()
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
    game = rings.game()
    # Plain descent with rate 1, so that the update is the gradient.
    player = dataclasses.replace(game.players[D], optimizer=optax.sgd(1.0))
    game = dataclasses.replace(game, players={**game.players, D: player})
    state = first(game, 0)
    batch, key = rings.batch(jax.random.key(1), (2, 8)), jax.random.key(2)

    def loss(params):
        weights, _ = player.transform.apply(params, state.players[D].transform_state)
        generator = bind(game.players[G].side, state.players[G].params)
        nets = Nets({G: generator, D: bind(player.side, weights)})
        parts = [jax.tree.map(lambda x, i=i: x[i], batch) for i in range(2)]
        keys = [Keys(jax.random.fold_in(key, i)) for i in range(2)]
        losses = [
            player.objective(game, nets, {}, part, k)[0]
            for part, k in zip(parts, keys, strict=True)
        ]
        return sum(losses) / 2

    new, metrics = jax.jit(partial(player_step, game, D))(state, batch, key)
    grads = jax.jit(jax.grad(loss))(state.players[D].params)
    expected = jax.tree.map(jnp.subtract, state.players[D].params, grads)
    assert_close(new.players[D].params, expected, 16)
    np.testing.assert_allclose(metrics["d/grad_norm"], optax.tree.norm(grads), rtol=1e-5)
    assert metrics["d/bad_leaf"] == -1


def test_the_first_leaf_that_is_not_finite_is_named():
    game = rings.game(normalised_d=False)
    state = first(game, 0)
    batch = rings.batch(jax.random.key(1), (1, 8))
    batch = batch._replace(sample=batch.sample.at[0, 0, 0].set(jnp.nan))
    _, metrics = jax.jit(partial(d_step, game))(state, batch, state.key)
    assert metrics["d/bad_leaf"] == 0  # NaN in the data reaches the first leaf already


def test_vmap_over_seeds_gives_what_separate_runs_give():
    game = rings.game()
    step = jax.jit(partial(train_step, game))
    many = jax.jit(jax.vmap(partial(train_step, game)))
    batches = [rings.batch(jax.random.key(i), (1, 1, 16)) for i in range(2)]
    stacked = jax.tree.map(lambda *x: jnp.stack(x), *batches)
    states = jax.jit(jax.vmap(partial(init_state, game)))(jnp.arange(2))
    for _ in range(3):
        states, _ = many(states, stacked)
    for i in range(2):
        state = first(game, i)
        for _ in range(3):
            state, _ = step(state, batches[i])
        # Batched products sum in another order: a few ulps in each of six player steps, and each
        # passes on what came before.
        assert_close(arrays(jax.tree.map(lambda x, i=i: x[i], states)), arrays(state), 200)


def test_eight_gaussians_are_learned():
    game = rings.game()

    @jax.jit
    def run(state):
        def body(state, key):
            return train_step(game, state, rings.batch(key, (1, 1, 256)))

        return jax.lax.scan(body, state, jax.random.split(jax.random.key(0), 1500))[0]

    state = run(first(game, 0))
    latents, labels = rings.prior(jax.random.key(9), 2000)
    points = np.asarray(bind(game.players[G].side, state.averages[G]).call(latents, labels))
    distances = np.linalg.norm(points[:, None] - rings.centres()[None], axis=-1)
    near = distances.min(1) < 3 * rings.SPREAD
    modes = np.bincount(distances.argmin(1)[near], minlength=8)
    # A mode counts when it gets a quarter of its share, 2000 / 8.
    assert (modes > 2000 / 8 / 4).sum() >= 7, modes
    # By chance alone few points would be near: the discs cover this share of the square.
    assert near.mean() > 0.5 > 8 * np.pi * (3 * rings.SPREAD) ** 2 / 4


@pytest.mark.parametrize(
    "change,words",
    [
        (
            lambda b: b._replace(condition=()),
            r"shapes \(\[2\], \(\)\): this game is played on \(\[2\], \[\]\)",
        ),
        (lambda b: b._replace(sample=b.sample[..., :1]), "this game is played on"),
        (lambda b: jax.tree.map(lambda x: x[0], b), "as .batches, microbatches, n"),
        (lambda b: jax.tree.map(lambda x: x[:1], b), "1 batches for a step whose turns take 2"),
    ],
    ids=["no labels", "other samples", "an axis missing", "a batch missing"],
)
def test_batches_that_do_not_fit_are_refused_with_their_shapes(change, words):
    spec = Spec(jax.ShapeDtypeStruct((2,), jnp.float32), Label(1))
    game = rings.game(turns=alternate(2), spec=spec)
    batch = rings.batch(jax.random.key(1), (2, 1, 8))
    state = jax.eval_shape(partial(init_state, game, 0))
    jax.eval_shape(partial(train_step, game), state, batch)
    with pytest.raises(ValueError, match=words):
        jax.eval_shape(partial(train_step, game), state, change(batch))
