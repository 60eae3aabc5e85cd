"""A run can stop and continue: the result is that of an uninterrupted run, bit for bit."""

import importlib.util
import json
import os
import signal
from pathlib import Path

import jax
import numpy as np
import pytest

from jaxgan import compiler, train
from jaxgan.checkpoints import Checkpoints
from jaxgan.finite import NonFiniteError
from jaxgan.run import abstract_state, load_run

CONFIGS = Path(__file__).parent.parent / "configs"


def debug_config(**fields):
    spec = importlib.util.spec_from_file_location("debug", CONFIGS / "debug.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    config = module.get_config()
    config.train.update(steps=20, log_every=5, sample_every=10, checkpoint_every=10)
    config.update_from_flattened_dict(fields)
    return config


def final_state(workdir):
    run = load_run(workdir)
    with Checkpoints(workdir / "checkpoints") as checkpoints:
        return checkpoints.restore_newest(abstract_state(run))


def bits(x):
    is_key = jax.dtypes.issubdtype(x.dtype, jax.dtypes.prng_key)
    return np.asarray(jax.random.key_data(x) if is_key else x)


def assert_same_run(a: Path, b: Path):
    for x, y in zip(*map(jax.tree.leaves, (final_state(a), final_state(b))), strict=True):
        np.testing.assert_array_equal(bits(x), bits(y))
    for name in ("metrics.jsonl", "samples/00000010.png", "samples/00000020.png"):
        assert (a / name).read_bytes() == (b / name).read_bytes(), name


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted run of 20 steps (and a cache that spares the others its compilation)."""
    folder = tmp_path_factory.mktemp("whole")
    compiler.enable_persistent_cache(folder / "cache")
    assert train.train(debug_config(), folder / "run") == 0
    return folder / "run"


def test_continuing_a_finished_part_equals_one_run(whole, tmp_path):
    assert train.train(debug_config(**{"train.steps": 10}), tmp_path) == 0
    assert train.train(debug_config(), tmp_path) == 0
    assert_same_run(whole, tmp_path)


def test_a_signal_saves_and_the_same_command_continues(whole, tmp_path, monkeypatch):
    join, calls = train.sharding.global_batch, []

    def interrupting(*args):
        calls.append(None)
        if len(calls) == 7:  # read ahead of a step around the fifth, neither logged nor saved
            os.kill(os.getpid(), signal.SIGTERM)
        return join(*args)

    monkeypatch.setattr(train.sharding, "global_batch", interrupting)
    assert train.train(debug_config(), tmp_path) == train.INTERRUPTED
    assert 0 < final_state(tmp_path).step < 10
    assert train.train(debug_config(), tmp_path) == 0
    assert_same_run(whole, tmp_path)


def test_log_has_each_logged_step_once(whole):
    lines = [json.loads(line) for line in (whole / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [5, 10, 15, 20]
    assert all(np.isfinite(list(line.values())).all() for line in lines)


def test_a_gradient_that_is_not_finite_names_step_player_and_leaf(tmp_path):
    config = debug_config(**{"generator.learning_rate": 1e30})
    with pytest.raises(NonFiniteError, match=r"step \d+: the \w+'s gradient of \S+ is not"):
        train.train(config, tmp_path)
    assert not list((tmp_path / "checkpoints").glob("[0-9]*"))  # a bad state is never saved
