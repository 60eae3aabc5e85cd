"""What every game of the lineage has to keep, one config after the other, tiny."""

from functools import partial

import jax
import numpy as np
import optax
import pytest

from jaxgan.devices import sharding
from jaxgan.game.game import Nets, bind, init_state
from jaxgan.game.keys import Keys
from jaxgan.game.steps import d_step, g_step, train_step
from jaxgan.planning import chips
from jaxgan.planning.hlo import Program
from jaxgan.training.checkpoints import Checkpoints
from tests.game.games import GAMES, config_of
from tests.game.made import arrays, batch_of, built, state_of
from tests.rotating import rotating

ROLES = ("generator", "discriminator")
# Compiled in a third of the time, and slow to run, which a single step can bear.
FAST = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}


@pytest.fixture(scope="module", params=rotating(tuple(GAMES), 4))
def game(request):
    config = config_of(request.param)
    game = built(config)
    return config, game, state_of(game), batch_of(config)


def test_one_step(game, tmp_path):
    """One trace; the same bits again, and from a checkpoint; finite; every part learns; 1 = 8."""
    config, game, state, batch = game
    traces = []

    def step(state, batch):
        traces.append(1)
        return train_step(game, state, batch)

    step = jax.jit(step, compiler_options=FAST)
    first, metrics = step(state, batch)
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(1, first)
        checkpoints.wait()
        structure = lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=x.sharding)
        restored = checkpoints.restore(jax.tree.map(structure, first), 1)
    pairs = (first, step(state, batch)[0]), (step(first, batch)[0], step(restored, batch)[0])
    assert len(traces) == 1
    for a, b in zip(*map(arrays, zip(*pairs, strict=True)), strict=True):
        np.testing.assert_array_equal(a, b)

    assert all(np.isfinite(x).all() for x in arrays((first, metrics)))
    for role in ROLES:
        assert metrics[f"{role[0]}/bad_leaf"] == -1 and metrics[f"{role[0]}/grad_norm"] > 0
        old, new = (s.players[role].params for s in (state, first))
        # ProGAN's progress and the first stages of StackGAN and ADDA are learned by nobody, nor
        # what SPIRAL's last part of an action would tell the next one.
        unused = {"progress", "stage_1", "source", "drawn_control", "mixed_control"}
        for part in old.keys() - unused:
            moved = zip(arrays(old[part]), arrays(new[part]), strict=True)
            assert any((a != b).any() for a, b in moved), f"{role}: {part} does not learn"

    mesh = sharding.create_mesh()
    assert mesh.size == 8
    split = built(config, mesh)
    shapes = jax.eval_shape(partial(init_state, split, 0))
    state = jax.device_put(state, sharding.tree_shardings(mesh, shapes))
    batch = jax.device_put(batch, sharding.rows(mesh, leading=2))
    eight, eight_metrics = jax.jit(partial(train_step, split), compiler_options=FAST)(state, batch)
    # 2e-5: sums over the batch in another order, through up to ten layers and a power iteration.
    for a, b in zip(arrays((first, metrics)), arrays((eight, eight_metrics)), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-5)


def test_the_opponent_is_not_touched(game):
    """In a player's step all other state goes out as the very variables that came in."""
    _, game, state, batch = game
    one = jax.tree.map(lambda x: x[0], batch)
    for step, mine in ((d_step, "discriminator"), (g_step, "generator")):
        run = lambda state, step=step: step(game, state, one, jax.random.key(1))[0]
        program = jax.make_jaxpr(run)(state).jaxpr
        names = [jax.tree_util.keystr(p) for p, _ in jax.tree_util.tree_flatten_with_path(state)[0]]
        for name, before, after in zip(names, program.invars, program.outvars, strict=True):
            if not name.startswith(f".players['{mine}']"):
                assert before is after, name
            elif ".params" in name:
                assert before is not after, name


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
def test_gradients_are_slopes(game, role, request):
    """The gradient of a player's loss along a direction is the loss's central difference there."""
    if (request.node.callspec.params["game"], role) == ("san", "discriminator"):
        pytest.skip("two losses, each for a part of the network: test_san.py")
    policies = (("gail", "generator"), ("spiral", "generator"))
    if (request.node.callspec.params["game"], role) in policies:
        pytest.skip(
            "what is drawn changes with the weights: exact gradients in test_gail.py, test_spiral"
        )
    _, game, state, batch = game
    one = jax.tree.map(lambda x: x[0, 0], batch)
    weights = {}
    for name in ROLES:
        player, own = game.players[name], state.players[name]
        weights[name], _ = player.transform.apply(own.params, own.transform_state)

    def loss(mine):
        own = {**weights, role: mine}
        bound = {n: bind(game.players[n].side, own[n], state.players[n].stats) for n in ROLES}
        keys, stats = Keys(jax.random.key(1)), state.players[role].stats
        return game.players[role].objective(game, Nets(bound), stats, one, keys)[0]

    compiled = jax.jit(jax.value_and_grad(loss), compiler_options=FAST)
    _, gradient = compiled(weights[role])
    # Along the gradient itself, where a slope is largest and rounding the least of it. A wrong
    # gradient is wrong at every step; a long step meets kinks and curvature, a short one rounding.
    norm, ratios = optax.tree.norm(gradient), []
    move = lambda t: jax.tree.map(lambda w, g: w + t / norm * g, weights[role], gradient)
    for length in (3e-3, 1e-3, 3e-4, 1e-4, 3e-5):
        step = length * optax.tree.norm(weights[role])
        slope = (compiled(move(step))[0] - compiled(move(-step))[0]) / (2 * step)
        ratios.append(float(slope / norm))
    assert min(abs(r - 1) for r in ratios) < 0.02, ratios


@pytest.mark.slow
def test_compiles_for_a_topology(game, request):
    """The step of a slice of eight TPU chips, batch split over them, has only all-reduces."""
    name = request.node.callspec.params["game"]
    pytest.importorskip("libtpu")
    config, _, _, batch = game
    mesh = sharding.create_mesh(1, chips.slice_devices("v5e:2x4"))
    game = built(config, mesh)
    shapes = jax.eval_shape(partial(init_state, game, 0))
    abstract = lambda x, s: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=s)
    state = jax.tree.map(abstract, shapes, sharding.tree_shardings(mesh, shapes))
    batch = jax.tree.map(lambda x: abstract(x, sharding.rows(mesh, leading=2)), batch)
    with chips.quiet():
        compiled = jax.jit(partial(train_step, game)).lower(state, batch).compile()
    # These compare every image of the batch with every other; every device holds the whole pool, or
    # the newest texts.
    of_texts = name == "gan_cls" or name.startswith("stackgan")
    gathers = of_texts or name in ("mmd", "minibatch", "cyclegan", "calogan")
    needed = {"all-gather"} if gathers else set()
    if name == "calogan":  # the gradient of what was gathered goes back
        needed |= {"reduce-scatter"}
    if of_texts:
        # A text goes to the next image of the batch, and to those that are kept: no image does.
        needed |= {"collective-permute", "all-to-all"}
    assert set(Program(compiled.as_text()).collectives()) == {"all-reduce"} | needed
