"""An expert's file to transitions: which steps are kept, what is refused, the command line."""

import re
from pathlib import Path

import numpy as np
import pytest

from jaxgan.data.prepare.command import command
from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.prepare.transitions import prepare_transitions
from jaxgan.data.reader import Reader
from jaxgan.data.records import open_records
from jaxgan.media.transitions import transitions

RNG = np.random.default_rng(0)
# Every number tells its place: trajectory, step.
OBSERVATIONS = RNG.normal(size=(3, 200, 3)).astype("float32")
OBSERVATIONS[..., 0] = 1000 * np.arange(3)[:, None] + np.arange(200)
ACTIONS = RNG.integers(0, 3, (3, 200))
REWARDS = RNG.normal(size=(3, 200))
GOOD = {"observations": OBSERVATIONS, "actions": ACTIONS, "rewards": REWARDS}


def saved(folder: Path, arrays: dict) -> Path:
    path = folder / "expert.npz"
    np.savez(path, **arrays)
    return path


def test_every_tenth_step_of_the_first_trajectories(tmp_path):
    path = saved(tmp_path, GOOD)
    manifest = prepare_transitions(path, tmp_path / "data", "pendulum", 10, 2, seed=5)
    assert manifest["environment"] == "pendulum" and manifest["num_images"] == 40
    assert list(manifest["classes"]) == ["torque -2", "torque 0", "torque 2"]
    np.testing.assert_allclose(manifest["returns"], REWARDS[:2].sum(1))
    records = open_records(tmp_path / "data")
    with Reader(records, transitions(3, 3)) as reader:
        observations, actions = reader.read(np.arange(40)).sample
    number = observations[:, 0].astype(int)
    rows, steps = number // 1000, number % 1000
    np.testing.assert_array_equal(observations, OBSERVATIONS[rows, steps])
    np.testing.assert_array_equal(actions, ACTIONS[rows, steps])
    for row in (0, 1):
        own = np.sort(steps[rows == row])
        assert len(own) == 20 and (np.diff(own) == 10).all()
    assert (np.diff(number) < 0).any()  # shuffled
    again = prepare_transitions(path, tmp_path / "data", "pendulum", 10, 2, seed=5)
    assert again["content_hash"] == manifest["content_hash"]
    with pytest.raises(ValueError, match="holds a data set made with other settings"):
        prepare_transitions(path, tmp_path / "data", "pendulum", 20, 2, seed=5)


def changed(**arrays):
    return GOOD | arrays


RAGGED = np.array([ACTIONS[0], ACTIONS[1, :150]], object)
SHORT = OBSERVATIONS.copy()
SHORT[1, 150:] = np.nan
REFUSED = {
    "several lengths": (
        changed(actions=RAGGED),
        "an array of objects, as of trajectories of several lengths: episodes of 'pendulum' all "
        "have 200 steps",
    ),
    "another horizon": (
        changed(observations=OBSERVATIONS[:, :150], actions=ACTIONS[:, :150]),
        r"observations \[3, 150, 3\] and actions \[3, 150\]: 'pendulum' takes \[n, 200, 3\]",
    ),
    "other numbers": (
        changed(observations=OBSERVATIONS[..., :2]),
        r"observations \[3, 200, 2\].*'pendulum' takes \[n, 200, 3\]",
    ),
    "an unknown action": (changed(actions=ACTIONS + 1), "from 1 to 3: write integers from 0 to 2"),
    "torques": (changed(actions=ACTIONS - 1.5), "actions are float64 .*: write integers"),
    "padded": (changed(observations=SHORT), r"not finite at \[1, 150, 0\] \(an episode that"),
    "no actions": ({"observations": OBSERVATIONS}, "no array 'actions' among observations"),
    "other rewards": (changed(rewards=REWARDS[:2]), r"rewards \[2, 200\] of actions \[3, 200\]"),
    "rewards that end": (
        changed(rewards=SHORT[..., 0]),
        r"rewards are float32, not finite at \[1, 150\] .*: write numbers, or no rewards",
    ),
    "rewards in words": (changed(rewards=REWARDS.astype(str)), "rewards are <U32: write numbers"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name, tmp_path):
    arrays, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        prepare_transitions(saved(tmp_path, arrays), tmp_path / "data", "pendulum")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"every": 201}, "--every=201: write 1 to 200"),
        ({"trajectories": 4}, "--trajectories=4: .* holds 3: write that or less"),
        ({"environment": "pole"}, "--environment = 'pole': write 'pendulum' or 'cartpole'"),
    ],
)
def test_flags_refused(fields, message, tmp_path):
    path = saved(tmp_path, GOOD)
    with pytest.raises(ValueError, match=message):
        prepare_transitions(path, tmp_path / "data", **{"environment": "pendulum", **fields})


@pytest.mark.parametrize("name", ["text.npz", "array.npy", "cut.npz"])
def test_files_that_are_none(name, tmp_path):
    path = tmp_path / name
    if name == "text.npz":
        path.write_text("observations, actions")
    elif name == "array.npy":
        np.save(path, ACTIONS)
    else:
        path.write_bytes(saved(tmp_path, GOOD).read_bytes()[:2000])
    with pytest.raises(ValueError, match="cannot be read as npz"):
        prepare_transitions(path, tmp_path / "data", "pendulum")


def test_prepared_transitions_do_not_become_images(tmp_path):
    prepare_transitions(saved(tmp_path, GOOD), tmp_path / "set", "pendulum", every=10)
    with pytest.raises(ValueError, match="set holds transitions that are prepared already"):
        prepare(tmp_path / "set", tmp_path / "again")


def test_the_command(tmp_path, capsys):
    path, target = str(saved(tmp_path, GOOD)), str(tmp_path / "data")
    argv = ["--environment=pendulum", "--every=20", "--trajectories=1"]
    assert command([path, target, *argv]) == 0
    said = capsys.readouterr().out
    assert re.search(r"10 transitions of 'pendulum': torque -2 \d+, torque 0 \d+", said)
    assert f"--config=gail_pendulum --config.data.name={target}" in said
    with pytest.raises(ValueError, match="--size is for images, --environment"):
        command([path, target, *argv, "--size=8"])
    with pytest.raises(
        ValueError, match="--every=20: for trajectories only: write --environment too"
    ):
        command([path, target, "--every=20"])
