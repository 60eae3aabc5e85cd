"""LOGAN's latent steps against numpy, their gradients, and what they are in a game."""

import dataclasses
import functools
import itertools
import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from jax.nn import swish
from jax.sharding import NamedSharding, PartitionSpec
from jax.test_util import check_grads

from jaxgan import build
from jaxgan.config import default_config
from jaxgan.devices import sharding
from jaxgan.game import latent_steps, steps
from jaxgan.game.game import Batch, Nets, bind, init_state
from jaxgan.game.keys import Keys
from jaxgan.game.objectives.draw import generated_after_step
from tests.tiny import spec_of

ROLES = ("generator", "discriminator")


def key():
    return jax.random.key(0)


# float32 against float64 on values of order one.
close = partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6)


def problem(seed=0, batch=5, dim=6):
    """Return f(z) = sin(z A) b as (parameters, latents), with values of order one."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(dim, dim)), rng.normal(size=dim)
    return (a.astype("f4"), b.astype("f4")), rng.uniform(-1, 1, (batch, dim)).astype("f4")


def energy(params, z):
    return jnp.sin(z @ params[0]) @ params[1]


def numpy_steps(params, z, rule, count, mask=1.0, clip=False):
    a, b = (np.float64(p) for p in params)
    z, total = np.float64(z), 0.0
    for _ in range(count):
        g = mask * ((np.cos(z @ a) * b) @ a.T)
        delta = rule(g, (g**2).sum(1, keepdims=True))
        total, z = total + delta, z + delta
        z = np.clip(z, -1, 1) if clip else z
    return z, (total**2).sum(1)


RULES = {
    "gradient": (latent_steps.gradient(0.4), lambda g, square: 0.4 * g),
    "natural": (
        latent_steps.natural_gradient(0.9, 0.5),
        lambda g, square: 0.9 * g / (0.5 + square),
    ),
}


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("clip", ["none", "unit"])
@pytest.mark.parametrize("name", RULES)
def test_steps_equal_numpy(name, count, clip):
    (rule, expected_rule), (params, z) = RULES[name], problem()
    step = latent_steps.latent_step(rule, steps=count, clip=clip)
    latents, cost = step.improve(partial(energy, params), z, key())
    expected = numpy_steps(params, z, expected_rule, count, clip=clip == "unit")
    assert latents.dtype == cost.dtype == jnp.float32
    close(latents, expected[0])
    close(cost, expected[1])


def test_more_steps_ascend_further():
    params, z = problem()
    scores = [energy(params, z).mean()]
    for count in (1, 2, 4):
        step = latent_steps.latent_step(latent_steps.gradient(0.05), steps=count)
        scores.append(energy(params, step.improve(partial(energy, params), z, key())[0]).mean())
    assert all(b > a + 0.05 for a, b in itertools.pairwise(scores))


@pytest.mark.parametrize(("alpha", "beta", "bound"), [(0.9, 5.0, 0.2012), (0.9, 0.1, 1.4230)])
def test_natural_step_is_bounded(alpha, beta, bound):
    """|dz| <= alpha / (2 sqrt(beta)), reached at |g| = sqrt(beta)."""
    assert alpha / (2 * math.sqrt(beta)) == pytest.approx(bound, abs=5e-5)
    sizes = np.append(np.geomspace(1e-4, 1e4, 81), math.sqrt(beta)).astype("f4")
    direction = problem()[1][0]
    slopes = sizes.reshape(-1, 1) * (direction / np.linalg.norm(direction)).reshape(1, -1)
    step = latent_steps.latent_step(latent_steps.natural_gradient(alpha, beta))
    _, cost = step.improve(lambda z: (z * slopes).sum(-1), jnp.zeros_like(slopes), key())
    lengths = np.sqrt(cost)
    assert lengths.max() <= alpha / (2 * math.sqrt(beta)) * (1 + 1e-6)  # a rounding
    assert lengths[-1] == pytest.approx(bound, abs=5e-5) == lengths.max()


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("name", RULES)
def test_gradients_flow_through_the_step(name, count):
    """By the energy's parameters and by the latents: finite differences, second-order terms in."""
    (rule, _), (params, z) = RULES[name], problem()
    step = latent_steps.latent_step(rule, steps=count)

    def loss(params, z):
        latents, cost = step.improve(partial(energy, params), z, key())
        return energy(params, latents).mean() + 0.3 * cost.mean()

    # Central differences in float32, of a wavy function: 0.4% with 2e-3, 11% with 1e-2.
    check_grads(loss, (params, z), order=1, modes=["rev"], eps=2e-3, atol=1e-2, rtol=1e-2)


@pytest.mark.parametrize("subset", ["fixed", "random"])
def test_a_fraction_of_the_elements(subset):
    params, z = problem(batch=200, dim=8)
    rule, expected_rule = RULES["natural"]
    step = latent_steps.latent_step(rule, steps=2, fraction=0.5, subset=subset)
    latents, cost = step.improve(partial(energy, params), z, key())
    moved = np.asarray(latents != z)
    assert (moved.sum(1) == 4).all()  # per element, in every example, the same in both steps
    close(latents, numpy_steps(params, z, expected_rule, 2, mask=moved)[0])
    close(cost, ((latents - z) ** 2).sum(1))
    if subset == "fixed":
        assert moved[:, :4].all()
    else:
        assert len({tuple(row) for row in moved}) > 40  # of 70 possible
        assert abs(moved.mean(0) - 0.5).max() < 0.15  # four standard errors
        other, _ = step.improve(partial(energy, params), z, jax.random.key(1))
        assert (np.asarray(other != z) != moved).any()


def test_fractions_round_to_elements_and_keep_one():
    count = lambda f: latent_steps.optimised(key(), (1, 10), f, "fixed").sum()
    assert [int(count(f)) for f in (0.01, 0.14, 0.25, 0.8, 1.0)] == [1, 1, 3, 8, 10]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"alpha": 0.0}, "latent_step.alpha = 0.0: write a number above 0"),
        ({"beta": -1.0}, "latent_step.beta = -1.0: write a number above 0"),
        ({"steps": 0}, "latent_step.steps = 0: write 1 or more"),
        ({"fraction": 1.5}, "latent_step.fraction = 1.5: write a number in"),
        ({"subset": "half"}, "latent_step.subset = 'half': write 'fixed' or 'random'"),
        ({"clip": "on"}, "latent_step.clip = 'on': write 'none' or 'unit'"),
        ({"cost": -1.0}, "latent_step.cost = -1.0: write 0 or more"),
        ({"cost_players": "d"}, "latent_step.cost_players = 'd': write 'generator' or 'both'"),
    ],
)
def test_refuses(fields, message):
    with pytest.raises(ValueError, match=message):
        fields = {"alpha": 0.9, "beta": 5.0} | fields
        rule = latent_steps.natural_gradient(fields.pop("alpha"), fields.pop("beta"))
        latent_steps.latent_step(rule, **fields)


# In a game: the smallest BigGAN, on 8 x 8 images. Compiled in a third of the time, slow to run.
FAST = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
jit = partial(jax.jit, compiler_options=FAST)


def config(**fields):
    config = default_config()
    config.data.size = (8, 8)
    config.model.update(width=4, latent_dim=6, embedding_dim=4)
    config.latent_step.update(name="natural_gradient", alpha=0.9, beta=0.1, cost=2.0)
    config.update_from_flattened_dict(fields)
    return config


@functools.cache
def built(mesh=None, **fields):
    game = build.build(config(**fields), spec_of((8, 8, 3), 3), mesh)
    return game, jit(partial(init_state, game, 0))()


def batch(*axes):
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (*axes, 8, 8, 3)).astype("f4")
    return Batch(images, rng.integers(0, 3, axes).astype(np.int32))


def bound(game, state):
    return {n: bind(p.side, state.players[n].params) for n, p in game.players.items()}


def player_loss(game, role, state):
    """Return (weights, microbatch, key) -> what a player's objective returns."""

    def loss(weights, microbatch, key):
        own = {role: bind(game.players[role].side, weights)}
        nets = Nets({**bound(game, state), **own})
        return game.players[role].objective(game, nets, {}, microbatch, Keys(key))

    return loss


def flat(tree):
    return np.concatenate([np.asarray(x).ravel() for x in jax.tree.leaves(tree)])


def smoothed(side):
    """Return the side of the same network with swish in place of ReLU."""
    module = side.module
    if hasattr(module, "trunk"):
        module = module.clone(trunk=module.trunk.clone(activation=swish))
    else:
        module = module.clone(activation=swish)
    call = lambda variables, *inputs: module.apply(variables, *inputs)
    return side._replace(calls={"call": call}, module=module)


@pytest.mark.parametrize("role", ROLES)
def test_second_order_terms_matter(role):
    """With dz held constant (as some public code has it) the gradient is another, and wrong.

    Smooth networks: with ReLU, dz jumps where a unit switches and finite differences mean nothing.
    """
    game, state = built(**{"latent_step.fraction": 1.0})
    smooth = {n: dataclasses.replace(p, side=smoothed(p.side)) for n, p in game.players.items()}
    hold = lambda *inputs: jax.lax.stop_gradient(game.latent_step.improve(*inputs))
    games = [dataclasses.replace(game, players=smooth)]
    games.append(dataclasses.replace(games[0], latent_step=game.latent_step._replace(improve=hold)))
    weights, data = state.players[role].params, batch(8)
    values = [lambda w, g=g: player_loss(g, role, state)(w, data, key())[0] for g in games]
    whole, first_order = (flat(jit(jax.grad(v))(weights)) for v in values)
    assert np.linalg.norm(whole - first_order) > 0.05 * np.linalg.norm(whole)

    value, (_, unravel) = jit(values[0]), ravel_pytree(weights)
    difference = whole - first_order
    direction = difference / np.linalg.norm(difference)
    change = [float(value(unravel(flat(weights) + s * direction))) for s in (-1e-3, 1e-3)]
    slope = (change[1] - change[0]) / 2e-3
    assert slope == pytest.approx(direction @ whole, rel=0.02)  # float32 and curvature
    assert slope != pytest.approx(direction @ first_order, rel=0.2)


@pytest.mark.parametrize("role", ROLES)
def test_whose_loss_the_cost_joins(role):
    game, state = built()
    step = game.latent_step
    assert (step.generator_cost, step.discriminator_cost) == (2.0, 0.0)
    both = build.latent_step(config(**{"latent_step.cost_players": "both"}))
    assert (both.generator_cost, both.discriminator_cost) == (2.0, 2.0)

    @jit
    def loss_and_cost(weight):
        weights = {"generator_cost": weight, "discriminator_cost": weight}
        weighted = dataclasses.replace(game, latent_step=step._replace(**weights))
        loss, _ = player_loss(weighted, role, state)(state.players[role].params, batch(8), key())
        nets = Nets(bound(game, state))
        _, _, cost = generated_after_step(game, nets, batch(8), Keys(key()))
        return loss, cost.mean()

    (free, cost), (dear, _) = (loss_and_cost(w) for w in (0.0, 2.0))
    assert cost > 0.01
    assert float(dear - free) == pytest.approx(2.0 * float(cost), rel=1e-4)


def test_accumulation_is_the_mean_over_microbatches():
    game, state = built()
    loss, weights = player_loss(game, "discriminator", state), state.players["discriminator"].params
    data = batch(2, 4)
    one = jit(jax.grad(lambda w, *inputs: loss(w, *inputs)[0]))
    keys = [jax.random.fold_in(key(), i) for i in (0, 1)]
    parts = [flat(one(weights, jax.tree.map(lambda x, i=i: x[i], data), keys[i])) for i in (0, 1)]

    def objective(weights, stats, microbatch, key):
        value, outcome = loss(weights, microbatch, key)
        return value, (outcome.stats, outcome.metrics)

    accumulate = partial(steps.accumulate, objective)
    grads, _, _ = jit(accumulate)(weights, {}, data, key())
    np.testing.assert_allclose(flat(grads), sum(parts) / 2, rtol=1e-4, atol=1e-5)


def test_eight_devices_take_the_step_of_one():
    # A large eps: Adam would divide rounding by itself where a gradient is zero (biases before a
    # batch norm).
    fields = {"latent_step.subset": "random", "generator.eps": 1e-2}
    results = []
    for mesh in (None, sharding.create_mesh(1)):
        split, state = built(mesh, **fields)
        data = batch(1, 8)
        if mesh is not None:
            data = jax.device_put(
                data, NamedSharding(mesh, PartitionSpec(None, tuple(mesh.axis_names)))
            )
            state = jax.device_put(state, NamedSharding(mesh, PartitionSpec()))
        state, metrics = jit(partial(steps.g_step, split))(state, data, key())
        results.append((flat(state.players["generator"].params), metrics["g/latent_cost"]))
    (one, cost), (eight, _) = results
    assert cost > 0.01
    np.testing.assert_allclose(one, eight, atol=1e-6)  # sums in another order


def test_cost_of_the_step():
    """The compiled second-order step has at most 3.0 times the operations of the plain one.

    Measured: 2.42 times the operations, 1.90 times the temporary memory. At this size model.remat
    spares none of it (1.10 times) and costs 1.15 times the operations, so it stays off by default.
    """
    flops, memory = {}, {}
    for name in ("none", "natural_gradient"):
        fields = {"latent_step.name": name, "model.width": 16, "train.num_d_steps": 1}
        game = build.build(config(**fields), spec_of((8, 8, 3), 3))
        state = jax.eval_shape(partial(init_state, game, 0))
        step = jax.jit(partial(steps.train_step, game)).lower(state, batch(1, 1, 32))
        compiled = step.compile(compiler_options={"xla_backend_optimization_level": "0"})  # faster
        flops[name] = compiled.cost_analysis()["flops"]
        memory[name] = compiled.memory_analysis().temp_size_in_bytes
    ratio, more = (x["natural_gradient"] / x["none"] for x in (flops, memory))
    print(f"LOGAN / plain operations: {ratio:.2f}, temporary memory: {more:.2f}")
    assert 2.0 < ratio <= 3.0
