"""A run of GAIL from the expert's file to its film and its scores, tiny, and what is refused."""

import contextlib
import io
import json

import numpy as np
import pytest
from PIL import Image

import jaxgan
from jaxgan.config.files import load
from jaxgan.data.prepare.transitions import prepare_transitions
from jaxgan.environments import by_name
from jaxgan.main import main
from jaxgan.trained.sample.rollouts import SIDE, cell
from jaxgan.training.run import new_run
from jaxgan.training.train import describe
from tests.data.experts import trajectories

FIELDS = ["model.generator_widths=(4,)", "model.discriminator_widths=(4,)", "train.steps=2"]
FIELDS += ["objective.rollouts=8", "train.batch=16", "train.checkpoint_every=1"]
FIELDS += ["evaluate.samples=8"]


def run(*argv):
    """Run a command line; return what it prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main(list(argv)) == 0
    return out.getvalue()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gail")
    np.savez(folder / "experts.npz", **trajectories("pendulum", 3, seed=0))
    for name, every in (("data", 10), ("all", 1)):
        prepare_transitions(folder / "experts.npz", folder / name, "pendulum", every)
    return folder


@pytest.fixture(scope="module")
def trained(prepared):
    folder = prepared
    argv = [f"--config.data.name={folder / 'data'}", f"--workdir={folder / 'run'}"]
    run("train", "--config=gail_pendulum", *argv, *(f"--config.{field}" for field in FIELDS))
    return folder


def test_transitions_are_described_before_training(prepared, tmp_path):
    config = load("gail_pendulum")
    config.data.name = str(prepared / "data")
    said = describe(*new_run(tmp_path / "run", config))
    assert said.splitlines()[0].endswith("/data: 60 transitions 3, 3 classes")


@pytest.mark.slow
def test_a_policy_acts(trained):
    policy = jaxgan.load(trained / "run")
    seen = policy.rollouts(5, seed=3)
    assert seen.observations.shape == (5, 201, 3) and seen.rewards.shape == (5, 200)
    np.testing.assert_array_equal(policy.rollouts(5, seed=3).actions, seen.actions)
    assert (policy.rollouts(5, seed=4).actions != seen.actions).any()
    acts = policy.act(seen.observations[:, 0])
    assert acts.shape == (5,) and set(acts) <= {0, 1, 2}
    with pytest.raises(ValueError, match=r"observations are \[5, 2\]: write \[n, 3\]"):
        policy.act(seen.observations[:, 0, :2])
    with pytest.raises(AttributeError, match="a policy has no 'latents': it acts"):
        policy.latents([0])


@pytest.mark.slow
def test_the_log_has_the_true_return(trained):
    lines = (trained / "run" / "metrics.jsonl").read_text().splitlines()
    last = json.loads(lines[-1])
    assert -2000 < last["g/return"] < 0 and 0.9 < last["g/entropy"] <= np.log(3) + 1e-6
    assert last["d/loss"] > 0 and not (trained / "run" / "samples").exists()


@pytest.mark.slow
def test_film_and_sheet(trained, tmp_path):
    w = str(trained / "run")
    said = run("sample", w, f"--output={tmp_path / 'a.gif'}", "--columns=2")
    assert "2 episodes with returns -" in said
    with Image.open(tmp_path / "a.gif") as film:  # equal frames in a row are one
        assert film.size == (2 * SIDE, SIDE) and 150 < film.n_frames <= 201
    run("sample", w, f"--output={tmp_path / 'a.png'}", "--columns=2")
    with Image.open(tmp_path / "a.png") as sheet:
        assert sheet.size == (12 * SIDE, 2 * SIDE)


def test_a_pendulum_points_where_its_angle_says():
    world = by_name.environment("pendulum")
    ink = lambda angle: 255 - cell(world, np.array([np.cos(angle), np.sin(angle), 0.0]))[4:-4, 4:-4]
    rows, columns = np.indices((SIDE - 8, SIDE - 8)) - (SIDE - 9) / 2
    for angle, (right, up) in {0.0: (0, 1), np.pi / 2: (-1, 0), np.pi: (0, -1)}.items():
        dark = ink(angle)[..., 0].astype(float)
        middle = [(dark * x).sum() / dark.sum() for x in (columns, -rows)]
        np.testing.assert_allclose(middle, 0.4 * SIDE / 2 * np.array([right, up]), atol=1.5)


@pytest.mark.slow
def test_scores(trained):
    w, everything = str(trained / "run"), trained / "all"
    run("evaluate", w, f"--config.evaluate.reference={everything}")
    result = json.loads((trained / "run" / "results.jsonl").read_text().splitlines()[-1])
    found, facts = result["metrics"], result["protocol"]
    returns = np.load(trained / "experts.npz")["rewards"].sum(1)
    assert found["return_expert"] == pytest.approx(returns.mean())
    assert found["return_random"] < found["return_expert"] and found["distance_random"] > 0.5
    assert {"return", "distance", "return_cloning", "distance_cloning"} <= found.keys()
    assert (facts["pairs"], facts["reference_count"], facts["count"]) == (60, 600, 8)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("sample", "--kind=walk"), "--kind=walk: a policy acts in its environment"),
        (("sample", "--truncation=0.5"), "--truncation=0.5: a policy has no latents"),
        (("sample", "--output=a.txt"), "write a .gif or .mp4"),
        (("evaluate", "--config.evaluate.metrics=fd"), "a policy is scored by .'returns',. alone"),
        (("evaluate", "--length=0.05"), "--length: of generators of images"),
        (("evaluate", "--config.evaluate.reference=fashion_mnist"), "holds no transitions"),
        (("export", "--output=a.safetensors"), "acts in an environment, and a file holds"),
        (("explore",), "acts in an environment and has no latents"),
        (("directions",), "acts in an environment and has no latents"),
    ],
)
def test_refused_of_a_policy(trained, argv, message):
    command, *flags = argv
    with pytest.raises(ValueError, match=message):
        main([command, str(trained / "run"), *flags])


@pytest.mark.parametrize(
    ("config", "fields", "message"),
    [
        ("gail_pendulum", ("watch.every=10",), "watch.every = 10: this game makes no samples"),
        ("gail_pendulum", ("data.flip=True",), "data.flip = True with .*: this changes images"),
        (
            "gail_pendulum",
            ("augmentation.name=diff_augment",),
            "augmentation.name = 'diff_augment': data.medium = 'transitions' is not single images",
        ),
        ("gail_cartpole", (), "objective.environment = 'cartpole', but .* is of 'pendulum'"),
        ("mlp_gan", (), "data.medium = 'images', but .* holds transitions: write 'transitions'"),
    ],
)
def test_refused_before_training(prepared, config, fields, message, tmp_path):
    argv = [f"--config.data.name={prepared / 'data'}", f"--workdir={tmp_path / 'run'}"]
    with pytest.raises(ValueError, match=message):
        main(["train", f"--config={config}", *argv, *(f"--config.{field}" for field in fields)])
    assert not (tmp_path / "run").exists()


def test_images_are_no_transitions(tmp_path):
    argv = ["--config.data.name=fashion_mnist", f"--workdir={tmp_path / 'run'}"]
    with pytest.raises(ValueError, match=r"'transitions', but .* holds images: .*--environment"):
        main(["train", "--config=gail_pendulum", *argv])
