"""Which checkpoint and which weights are sampled, and what a model without classes answers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

from jaxgan import build
from jaxgan.config import default_config
from jaxgan.game import sampling
from jaxgan.trained.load import load
from jaxgan.training.checkpoints import Checkpoints
from jaxgan.training.run import abstract_state, saved
from tests.tiny import drawn, generator_of, tiny_config, tiny_run


@pytest.fixture(scope="module")
def run_of_two(tmp_path_factory):
    """Return a run with the checkpoints 7 and 9, whose parameters and averages all differ."""
    run = tiny_run(tmp_path_factory.mktemp("run"), step=7)
    shapes = abstract_state(run)
    state = drawn(shapes).replace(step=np.int32(9))
    state = state.replace(averages=jax.tree.map(lambda x: 2 * x, state.averages))
    state = jax.device_put(state, jax.tree.map(lambda x: x.sharding, shapes))
    with Checkpoints(run.workdir / "checkpoints") as checkpoints:
        checkpoints.save(9, state)
    return run


def with_sample(run, **fields) -> ConfigDict:
    config = saved(run.workdir)
    config.sample.update(fields)
    return config


def weights_of(run, step, name):
    with Checkpoints(run.workdir / "checkpoints") as checkpoints:
        state = checkpoints.restore(abstract_state(run), step)
    own, player = state.players["generator"], run.game.players["generator"]
    params = own.params if name == "raw" else state.averages["generator"]
    return player.transform.apply(params, own.transform_state)[0]


@pytest.mark.parametrize("step,name", [(0, "average"), (7, "average"), (9, "raw")])
def test_any_step_and_either_weights_can_be_sampled(step, name, run_of_two):
    g = load(run_of_two.workdir, with_sample(run_of_two, step=step, weights=name))
    assert g.step == (step or 9)
    expected = weights_of(run_of_two, step or 9, name)
    for a, b in zip(jax.tree.leaves(g.weights), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_a_step_without_a_checkpoint_is_refused(run_of_two):
    with pytest.raises(ValueError, match=r"sample\.step = 8: .* has the steps 7, 9; write one"):
        load(run_of_two.workdir, with_sample(run_of_two, step=8))


def test_loading_asks_for_no_objective_and_reads_the_generator_alone(run_of_two, monkeypatch):
    """An objective that cannot be built is no hindrance, nor a discriminator that is not there."""
    monkeypatch.setattr(build, "build", None)
    asked = []
    restore = Checkpoints.restore

    def watched(self, abstract, step, partial=False):
        asked.append(abstract)
        return restore(self, abstract, step, partial)

    monkeypatch.setattr(Checkpoints, "restore", watched)
    load(run_of_two.workdir)
    names = {jax.tree_util.keystr(p) for p, _ in jax.tree_util.tree_leaves_with_path(asked[0])}
    assert names and not any("discriminator" in n or "opt_state" in n for n in names)


MODELS = {"biggan": True, "sngan": True, "dcgan": False, "mlp": False}


@pytest.mark.parametrize("model", MODELS)
def test_whether_a_network_takes_its_class(model):
    """What is said is what happens: another class changes the image, or nothing does."""
    config = tiny_config()
    config.model = default_config(model).model
    for field, value in {"width": 4, "latent_dim": 12, "embedding_dim": 8}.items():
        if field in config.model:
            config.model[field] = value
    g = generator_of(config)
    z = g.latents([0, 0])
    first, second = g.generate(z, np.array([0, 1]))
    assert (np.abs(first - second).max() > 0) == MODELS[model] == g.takes_class
    if not g.takes_class:
        with pytest.raises(ValueError, match=f"model '{model}' takes no class"):
            g.sample(["Bag"])


def test_the_class_counts_where_it_is_an_input_of_the_program_alone():
    side = generator_of(tiny_config()).side
    spec = build.medium_of(tiny_config()).spec._replace(noise=build.noise_spec(tiny_config()))
    call = side.calls["call"]
    constant = {"call": lambda v, z, y: call(v, z, jnp.zeros(len(z), jnp.int32))}
    assert sampling.takes_condition(side, spec)
    assert not sampling.takes_condition(side._replace(calls=constant), spec)
