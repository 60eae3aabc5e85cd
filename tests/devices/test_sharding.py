"""The mesh: what lies where, what the compiled step sends, and that no result depends on it."""

import json
import os
from functools import cache, partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec as P

from jaxgan.build import build
from jaxgan.config import default_config
from jaxgan.devices import compiler, sharding
from jaxgan.game import steps
from jaxgan.game.game import Batch, init_state
from jaxgan.models.layers import batch_moments
from jaxgan.planning.hlo import Program
from tests.tiny import spec_of

GOLDEN = Path(__file__).parents[1] / "golden" / "collectives.json"
BATCH, STEPS = (2, 2, 16), 10  # D steps, microbatches, images
IMAGE, CLASSES = (8, 8, 3), 5
SPEC = spec_of(IMAGE, CLASSES)
MESHES = {"one device": (1, 1), "replicated": (8, 1), "fsdp": (8, 4)}  # devices, fsdp


def tiny_config():
    """BigGAN with attention, orthogonal regularisation on both players, and everything else."""
    config = default_config()
    config.data.size = IMAGE[:2]
    config.model.update(width=8, latent_dim=8, embedding_dim=4)
    config.model.update(generator_attention=8, discriminator_attention=4)
    for player in (config.generator, config.discriminator):
        # Adam divides by its size a gradient that is zero but for rounding (that of a bias before
        # a batch norm), and makes a full step of noise. With this eps an update moves at most
        # learning_rate / eps = 1 times as much as its gradient.
        player.update(eps=1e-3, learning_rate=1e-3, orthogonal=1e-3)
    config.average.decay = 0.9
    return config


def compiled_step(devices: int, fsdp: int):
    """Return (compiled step, abstract state) on a mesh of the first `devices` devices."""
    mesh = sharding.create_mesh(fsdp, jax.devices()[:devices])
    game = build(tiny_config(), SPEC, mesh)
    shapes = jax.eval_shape(partial(init_state, game, 0))
    split = sharding.tree_shardings(mesh, shapes)
    state = jax.tree.map(
        lambda x, s: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=s), shapes, split
    )
    rows = sharding.rows(mesh, leading=2)
    batch = Batch(
        jax.ShapeDtypeStruct((*BATCH, *IMAGE), jnp.float32, sharding=rows),
        jax.ShapeDtypeStruct(BATCH, jnp.int32, sharding=rows),
    )
    step = jax.jit(
        partial(steps.train_step, game), out_shardings=(split, sharding.replicated(mesh))
    )
    options = compiler.compiler_options(jax.devices()[0])
    return step.lower(state, batch).compile(options), state, batch


@cache  # compiled once
def drawn_state():
    return jax.jit(partial(init_state, build(tiny_config(), SPEC), 0))()


def first_state(state):
    """Return the same drawn state on any mesh."""
    return jax.tree.map(lambda x, s: jax.device_put(x, s.sharding), drawn_state(), state)


@pytest.fixture(scope="module")
def runs():
    """Return {mesh: (compiled step, abstract state, state after ten steps, metrics)}."""
    small, sharding.SMALL = sharding.SMALL, 64  # so that this network's leaves are split
    found = {}
    rng = np.random.default_rng(0)
    batches = [
        Batch(
            rng.uniform(-1, 1, (*BATCH, *IMAGE)).astype(np.float32),
            rng.integers(0, CLASSES, BATCH).astype(np.int32),
        )
        for _ in range(STEPS)
    ]
    for name, (devices, fsdp) in MESHES.items():
        step, abstract, batch = compiled_step(devices, fsdp)
        state = first_state(abstract)
        for values in batches:
            placed = jax.tree.map(lambda x, s: jax.device_put(x, s.sharding), values, batch)
            state, metrics = step(state, placed)
        found[name] = step, abstract, state, metrics
    sharding.SMALL = small
    return found


def leaves(state):
    state = state.replace(key=jax.random.key_data(state.key))
    paths = jax.tree_util.tree_flatten_with_path(state)[0]
    return [(jax.tree_util.keystr(path), np.asarray(x)) for path, x in paths]


@pytest.mark.parametrize("mesh", ["replicated", "fsdp"])
def test_ten_steps_give_the_same_state_on_every_mesh(runs, mesh):
    # Rounding: sums over the batch are taken in another order, a few ulps (1.2e-7) for each of
    # the 30 player steps, and every step passes on what came before: 500 ulps of a leaf's largest
    # entry. The gradient of a bias before a batch norm is what rounding leaves of terms of order 1
    # that cancel, so a leaf counts as 0.1 at least. Moments of a device's own images would be 1e-2
    # away.
    for (path, a), (_, b) in zip(leaves(runs["one device"][2]), leaves(runs[mesh][2]), strict=True):
        scale = max(np.abs(a).max(), 0.1)
        np.testing.assert_allclose(a, b, rtol=0, atol=500 * 2.0**-23 * scale, err_msg=path)
    changed = first_state(runs["one device"][1])
    for name in ("generator", "discriminator"):
        for a, b in zip(
            jax.tree.leaves(changed.players[name].params),
            jax.tree.leaves(runs[mesh][2].players[name].params),
            strict=True,
        ):
            if a.ndim > 1:  # a bias before a batch norm has no gradient
                assert np.abs(np.asarray(a) - np.asarray(b)).max() > 1e-5  # it did train


def test_the_first_state_is_the_same_on_every_mesh(runs, monkeypatch):
    """Drawn where it lies: weights, and the vectors of power iterations, up to QR's rounding."""
    monkeypatch.setattr(sharding, "SMALL", 64)
    expected = leaves(first_state(runs["one device"][1]))
    for devices, fsdp in (MESHES[name] for name in ("replicated", "fsdp")):
        mesh = sharding.create_mesh(fsdp, jax.devices()[:devices])
        game = build(tiny_config(), SPEC, mesh)
        shapes = jax.eval_shape(partial(init_state, game, 0))
        split = sharding.tree_shardings(mesh, shapes)
        drawn = leaves(jax.jit(partial(init_state, game, 0), out_shardings=split)())
        assert [path for path, _ in drawn] == [path for path, _ in expected]
        for (path, a), (_, b) in zip(expected, drawn, strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-6, err_msg=path)


def test_the_step_keeps_every_leaf_where_it_was(runs):
    for step, abstract, state, _ in runs.values():
        assert step is not None
        for a, b in zip(jax.tree.leaves(abstract), jax.tree.leaves(state), strict=True):
            assert b.sharding.is_equivalent_to(a.sharding, a.ndim)


def test_fsdp_splits_parameters_optimiser_and_average_alike(runs):
    state = runs["fsdp"][2]
    kernel = state.players["discriminator"].params["trunk"]["block_0"]["conv_0"]["kernel"]
    assert kernel.sharding.spec == P(None, None, None, "fsdp")
    assert kernel.addressable_shards[0].data.size == kernel.size // 4
    split = lambda tree: [
        x.sharding.spec for x in jax.tree.leaves(tree) if x.size >= 64 and x.ndim > 1
    ]
    specs = split(state.players["generator"].params)
    assert (
        specs == split(state.averages["generator"]) == split(state.players["generator"].opt_state)
    )
    assert sum("fsdp" in spec for spec in specs) >= len(specs) - 1


def test_only_the_collectives_that_the_mathematics_needs(runs):
    """Rewrite the golden file: UPDATE_GOLDEN=1 pytest tests/devices -k collectives"""
    found = {name: Program(run[0].as_text()).collectives() for name, run in runs.items()}
    assert found["one device"] == {}
    assert set(found["replicated"]) == {"all-reduce"}
    # XLA:CPU has no pass that makes a reduce-scatter of an all-reduce and a slice; the TPU compiler
    # does: test_compile_report.py.
    assert set(found["fsdp"]) == {"all-reduce", "all-gather"}
    golden = json.loads(GOLDEN.read_text())  # by version of JAX, whose compiler decides
    if os.environ.get("UPDATE_GOLDEN"):
        golden[jax.__version__] = found
        GOLDEN.write_text(json.dumps(golden, indent=2) + "\n")
    assert found == golden[jax.__version__]


def test_gathers_are_at_most_one_for_each_split_leaf_and_use(runs):
    _, abstract, _, _ = runs["fsdp"]
    split = lambda role: sum(
        "fsdp" in x.sharding.spec for x in jax.tree.leaves(abstract.players[role].params)
    )
    g, d = split("generator"), split("discriminator")
    # The discriminator in each of two D steps and in the G step; the generator once, since it
    # stays the same from the first D step to the G step. And what moves once more, for the
    # orthogonal regularisation.
    count = Program(runs["fsdp"][0].as_text()).collectives()["all-gather"]["count"]
    assert count <= 3 * d + 2 * g + 2 * d + g


def test_a_mesh_that_does_not_divide_is_refused():
    with pytest.raises(ValueError, match=r"mesh.fsdp = 3 does not divide the 8 devices.*1, 2, 4"):
        sharding.create_mesh(3)


def test_local_rows_are_all_rows_in_one_process_and_join_in_order():
    mesh = sharding.create_mesh(2)
    np.testing.assert_array_equal(sharding.local_rows(mesh, 16), np.arange(16))
    images = np.arange(2 * 1 * 16 * 3, dtype=np.float32).reshape(2, 1, 16, 3)
    joined = sharding.global_batch(mesh, Batch(images), 16).sample
    np.testing.assert_array_equal(joined, images)
    assert joined.sharding.spec == P(None, None, ("data", "fsdp"))


@pytest.mark.parametrize("groups", [1, 2, 8])
def test_batch_norm_groups_have_moments_of_their_own(groups):
    x = np.random.default_rng(0).normal(3.0, 2.0, (16, 4, 4, 5)).astype(np.float32)
    rows = sharding.rows(sharding.create_mesh())
    mean, var = jax.jit(partial(batch_moments, groups=groups))(jax.device_put(x, rows))
    parts = x.astype(np.float64).reshape(groups, -1, 5)
    # E[x^2] - E[x]^2 in float32: the rounding of E[x^2] = 13, a few ulps of it.
    np.testing.assert_allclose(mean, parts.mean(1), rtol=1e-5)
    np.testing.assert_allclose(var, parts.var(1), rtol=0, atol=13 * 20 * 2.0**-23)


def test_batch_norm_groups_need_no_message_when_they_match_the_devices():
    x = jax.ShapeDtypeStruct((16, 4), jnp.float32, sharding=sharding.rows(sharding.create_mesh()))

    def collectives(groups):
        compiled = jax.jit(lambda x: batch_moments(x, groups)[0]).lower(x).compile()
        return Program(compiled.as_text()).collectives()

    assert collectives(1)["all-reduce"]["count"] == 1
    assert "all-reduce" not in collectives(8)
