"""Fine-tuning starts from another run's networks, wherever and on whatever mesh it was trained."""

import jax
import numpy as np
import pytest

from jaxgan.config import default_config
from jaxgan.config_json import to_json
from jaxgan.game.game import init_state
from jaxgan.training import run, train, transfer
from jaxgan.training.checkpoints import Checkpoints
from tests.tiny import drawn, run_of, tiny_config, tiny_run, tiny_text_config
from tests.training.test_train import debug_config


def opened(workdir, start_from, **fields):
    return run.open_run(workdir, tiny_config(**{"train.start_from": str(start_from), **fields}))


def test_networks_come_from_a_run_on_another_mesh(tmp_path):
    source = tiny_run(tmp_path / "source", **{"mesh.fsdp": 2})
    with Checkpoints(tmp_path / "source" / "checkpoints") as checkpoints:
        theirs = checkpoints.restore_newest(run.abstract_state(source))
    new = opened(tmp_path / "new", tmp_path / "source")
    assert new.mesh.shape["fsdp"] == 1
    transfer.refuse_start_from(new)
    state = transfer.with_networks_of(new, init_state(new.game, 0))
    assert int(state.step) == 0
    for a, b in zip(
        *map(
            jax.tree.leaves, (state.players["generator"].params, theirs.players["generator"].params)
        ),
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)
        assert a.sharding.mesh.shape == new.mesh.shape


def test_a_relative_path_is_that_of_the_current_directory(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    config = debug_config(**{"train.start_from": "../runs/first"})
    config = run.new_run(tmp_path / "new", config)[0].config
    assert config.train.start_from == str(tmp_path / "here" / ".." / "runs" / "first")


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda folder: None, r"config\.json does not exist"),
        (lambda folder: run_without_checkpoint(folder), "holds no checkpoint yet: train it first"),
        (lambda folder: tiny_run(folder, **{"model.width": 8}), "has another network: "),
    ],
)
def test_a_failure_does_not_claim_the_work_directory(prepare, words, tmp_path):
    prepare(tmp_path / "source")
    config = debug_config(**{"train.start_from": str(tmp_path / "source"), "data.size": (8, 8)})
    with pytest.raises((ValueError, FileNotFoundError), match=words):
        train.train(config, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def run_without_checkpoint(folder):
    folder.mkdir()
    config = debug_config(**{"data.size": (8, 8)})
    config = run.new_run(folder, config)[0].config
    (folder / "config.json").write_text(to_json(config))


def stack_config(stage, size, **fields):
    config = tiny_text_config(**{"data.size": (size, size)})
    other = default_config("stackgan", "stackgan")
    config.model, config.objective = other.model, other.objective
    config.model.update(stage=stage, width=4, text=3, augmented=2, latent_dim=3 + 2 * stage)
    config.update_from_flattened_dict(fields)
    return config


def test_a_generator_becomes_a_part_of_another(tmp_path):
    """Stage 1 with its average is in stage 2, bit for bit; all else is as it was drawn."""
    source = run_of(tmp_path / "one", stack_config(1, 8))
    with Checkpoints(tmp_path / "one" / "checkpoints") as checkpoints:
        theirs = checkpoints.restore_newest(run.abstract_state(source))
    start = {"train.start_from": str(tmp_path / "one"), "train.start_part": "stage_1"}
    new = run.open_run(tmp_path / "two", stack_config(2, 32, **start))
    transfer.refuse_start_from(new)
    first = drawn(run.abstract_state(new))
    state = transfer.with_networks_of(new, first)
    check_part(*(x.averages["generator"] for x in (state, first, theirs)))
    check_part(*(x.players["generator"].params for x in (state, first, theirs)))
    same(state.players["discriminator"].params, first.players["discriminator"].params)

    unknown = stack_config(2, 32, **{**start, "train.start_part": "stage_0"})
    with pytest.raises(ValueError, match=r"start_part = 'stage_0': the generator has .*'stage_1'"):
        transfer.refuse_start_from(run.open_run(tmp_path / "three", unknown))
    larger = stack_config(2, 64, **start)
    with pytest.raises(ValueError, match=r"another network: .*stage_1"):
        transfer.refuse_start_from(run.open_run(tmp_path / "three", larger))


def same(tree, other):
    for a, b in zip(jax.tree.leaves(tree), jax.tree.leaves(other), strict=True):
        np.testing.assert_array_equal(a, b)


def check_part(mine, old, given):
    assert mine.keys() == old.keys() == {"stage_1", "augmentation", "refinement"}
    for name, tree in mine.items():
        same(tree, given if name == "stage_1" else old[name])
