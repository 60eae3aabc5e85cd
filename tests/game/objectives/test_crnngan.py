"""The game of C-RNN-GAN: no player is ever frozen, signs, pretraining, matched features."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.build import build
from jaxgan.config import default_config
from jaxgan.game.game import Batch, Label, Nets, Spec, bind, init_state
from jaxgan.game.keys import Keys
from jaxgan.game.objectives.crnngan import prediction_error
from jaxgan.game.steps import train_step

ROLES = ("generator", "discriminator")
FAST = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}


def game_of(**fields):
    config = default_config("crnngan", "crnngan")
    config.data.update(size=(4,), class_names=("a",))
    config.model.update(latent_dim=8, hidden=3, layers=1)
    config.objective.update(fields)
    config.prior = "uniform"
    config.train.update(batch=4, num_d_steps=1)
    spec = Spec(jax.ShapeDtypeStruct((4, 4), jnp.float32), Label(1))
    return build(config, spec)


@pytest.fixture(scope="module")
def state():
    """Random parameters: to draw the real ones costs a compilation."""
    rng = np.random.default_rng(1)
    leaf = lambda x: jnp.asarray(0.3 * rng.normal(size=x.shape), x.dtype)
    shapes = jax.eval_shape(partial(init_state, game_of(), 0))
    is_key = lambda x: jax.dtypes.issubdtype(x.dtype, jax.dtypes.prng_key)
    found = jax.tree.map(lambda x: jax.random.key(0) if is_key(x) else leaf(x), shapes)
    players = {
        name: own.replace(opt_state=jax.tree.map(jnp.zeros_like, own.opt_state))
        for name, own in found.players.items()
    }
    return found.replace(step=jnp.zeros((), jnp.int32), players=players)


def events(n=4):
    rng = np.random.default_rng(0)
    return Batch(jnp.asarray(rng.normal(size=(n, 4, 4)), jnp.float32), jnp.zeros(n, jnp.int32))


def loss_of(game, state, name, step=0, shift=0.0):
    """Return a player's loss with D's logits moved by `shift`."""
    nets = {n: bind(p.side, state.players[n].params) for n, p in game.players.items()}
    judge = nets["discriminator"]
    nets["discriminator"] = judge.replace(call=lambda *x: judge.call(*x) + shift)
    player = game.players[name]
    return player.objective(game, Nets(nets, step), {}, events(), Keys(jax.random.key(1)))[0]


@pytest.mark.slow
def test_with_any_losses_both_players_move(state):
    """The authors' rules stop D below a loss, and both below another."""
    step = jax.jit(partial(train_step, game_of()), compiler_options=FAST)
    for bias in (-8.0, 0.0, 8.0):
        judge = state.players["discriminator"]
        decide = judge.params["decide"] | {"bias": jnp.full(1, bias)}
        judge = judge.replace(params=judge.params | {"decide": decide})
        before = state.replace(players=state.players | {"discriminator": judge})
        after = step(before, jax.tree.map(lambda x: x[None, None], events()))[0]
        for role in ROLES:
            leaves = (jax.tree.leaves(s.players[role].params) for s in (before, after))
            assert any((a != b).any() for a, b in zip(*leaves, strict=True)), (bias, role)


def test_the_generators_loss_falls_as_the_judge_is_fooled(state):
    game = game_of()
    loss = partial(loss_of, game, state, "generator", 0)
    losses = [float(x) for x in jax.jit(jax.vmap(loss))(jnp.array([-1.0, 0.0, 1.0]))]
    assert losses[0] > losses[1] > losses[2]


def test_pretraining_comes_first_and_of_ever_more_of_the_tune(state):
    game = game_of(pretraining=4)
    losses = jax.jit(partial(loss_of, game, state, "generator"), compiler_options=FAST)
    nets = {n: bind(p.side, state.players[n].params) for n, p in game.players.items()}
    noise, _ = game.source(Keys(jax.random.key(1))["source"], events())
    predict = jax.jit(nets["generator"].predict, compiler_options=FAST)
    predicted = np.asarray(predict(noise, events().sample))
    errors = np.square(predicted - np.asarray(events().sample)).mean((0, 2))
    for step in range(4):
        expected = errors[: step + 1].mean()
        np.testing.assert_allclose(losses(step), expected, rtol=1e-5)
    assert abs(losses(4) - errors.mean()) > 1e-3  # the game itself
    assert losses(4) == losses(5)
    np.testing.assert_allclose(
        prediction_error(predicted, events().sample, jnp.float32(0.01)), errors[0], rtol=1e-5
    )


def test_matched_features_are_those_of_pairs(state):
    game = game_of(matching=True)

    def features():
        nets = {n: bind(p.side, state.players[n].params) for n, p in game.players.items()}
        noise, labels = game.source(Keys(jax.random.key(1))["source"], events())
        fake = nets["generator"].call(noise, labels)
        return [nets["discriminator"].features(x, labels) for x in (events().sample, fake)]

    real, made = jax.jit(features, compiler_options=FAST)()
    expected = np.square(np.asarray(real) - np.asarray(made)).sum(1).mean()
    loss = jax.jit(partial(loss_of, game, state, "generator"), compiler_options=FAST)()
    np.testing.assert_allclose(loss, expected, rtol=1e-5)


def test_refusals():
    with pytest.raises(ValueError, match=r"objective.pretraining = -1: write 0 or more"):
        game_of(pretraining=-1)
