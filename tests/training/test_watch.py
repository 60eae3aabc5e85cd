"""The watch measures what it says, sees injected collapse, and is calm about a healthy run."""

import dataclasses
from collections.abc import Callable
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from jaxgan.data.labels import class_sizes
from jaxgan.data.order import fair_draw
from jaxgan.data.reader import Reader
from jaxgan.files import json_lines
from jaxgan.game.game import init_state
from jaxgan.media.images import distances
from jaxgan.media.pixels import to_float
from jaxgan.report import signs
from jaxgan.training import run as runs
from jaxgan.training import train
from jaxgan.training.watch import (
    Watch,
    drawn,
    judgement,
    largest_singular_values,
    shared_classes,
    variety,
)
from tests.training.test_train import debug_config

RNG = np.random.default_rng(0)


def spectrum(rows: int, columns: int, values) -> np.ndarray:
    """Return a matrix with these singular values."""
    u = np.linalg.qr(RNG.standard_normal((rows, rows)))[0][:, : len(values)]
    v = np.linalg.qr(RNG.standard_normal((columns, columns)))[0][:, : len(values)]
    return (u * np.asarray(values)) @ v.T


@pytest.mark.parametrize(
    ("matrix", "tolerance"),
    [
        # 20 iterations shrink what lies beyond the 8 vectors by (s9 / s3)^40: float32 is left.
        (spectrum(90, 40, [100.0, 10.0, 5.0, *np.linspace(2, 1, 30)]), 1e-5),
        (spectrum(40, 90, [3.0, 3.0, 3.0, *np.linspace(1, 0.5, 30)]), 1e-5),  # equal ones
        (np.linalg.qr(RNG.standard_normal((200, 60)))[0], 1e-5),  # orthogonal: all are 1
        # Neighbouring values 1 % apart: the error is second order in the angle that is left.
        (RNG.standard_normal((576, 128)), 1e-2),
        (RNG.standard_normal((30, 1)), 1e-6),
        (np.zeros((20, 10)), 0.0),
    ],
)
def test_singular_values_are_those_of_an_svd(matrix, tolerance):
    expected = np.zeros(3)
    exact = np.linalg.svd(matrix, compute_uv=False)[:3]
    expected[: len(exact)] = exact
    found = largest_singular_values(jnp.asarray(matrix, jnp.float32))
    # The smaller ones lose what float32 keeps of the squared largest one.
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=1e-6 * expected[0])


def test_distances_are_scipys():
    points = RNG.uniform(-1, 1, (2, 7, 50)).astype(np.float32)
    expected = [squareform(pdist(group)) / np.sqrt(50) for group in points]
    # atol: on the diagonal two equal numbers of order 1 are subtracted before the root.
    found = distances(jnp.asarray(points).reshape(14, 50), 2)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-3)


def test_variety_by_hand():
    real = RNG.uniform(-1, 1, (2, 6, 4, 4, 1)).astype(np.float32)
    pairs = np.broadcast_to(~np.eye(6, dtype=bool), (2, 6, 6))
    fakes = real.copy()
    fakes[1] = real[1, 0]  # the second class shows one image
    flat = lambda x: jnp.asarray(x.reshape(12, 4, 4, 1))
    seen = variety(distances, flat(fakes), flat(real), pairs)
    np.testing.assert_allclose(seen["class_diversity"], [1.0, 0.0], atol=1e-3)
    np.testing.assert_allclose(seen["diversity"], 0.5, atol=1e-3)
    assert seen["duplicates"] == 0.5
    half = variety(distances, flat(0.5 * real), flat(real), pairs)
    np.testing.assert_allclose(half["class_diversity"], [0.5, 0.5], rtol=1e-5)
    assert half["duplicates"] == 0.0


def test_a_repeated_real_image_does_not_count_as_a_pair():
    real = RNG.uniform(-1, 1, (1, 4, 2, 2, 1)).astype(np.float32)
    real[0, 2:] = real[0, :2]  # a class of two images, shown twice
    places = np.array([[0, 1, 0, 1]])
    pairs = places[:, :, None] != places[:, None, :]
    seen = variety(distances, jnp.asarray(real[0]), jnp.asarray(real[0]), pairs)
    one = np.sqrt(np.mean((real[0, 0] - real[0, 1]) ** 2))
    fake_mean = one * 8 / 12  # 12 pairs of samples, 4 of them copies
    np.testing.assert_allclose(seen["diversity"], fake_mean / one, rtol=1e-3)
    assert seen["duplicates"] == 1.0


def test_judgement_by_hand():
    logits = {"real": [3.0, 1.0], "held_out": [1.0, -1.0], "fake": [-2.0, -2.0]}
    seen = judgement({name: jnp.asarray(x) for name, x in logits.items()})
    assert seen["logit_gap"] == 4.0 and seen["overfit"] == 0.5
    assert seen["real_accuracy"] == 1.0 and seen["held_out_accuracy"] == 0.5


def test_classes_are_those_with_two_images_everywhere():
    sizes = [np.array([2, 2, 2, 2, 0]), np.array([2, 1, 2, 3, 0])]
    assert shared_classes(sizes, 10).tolist() == [0, 2, 3]
    assert shared_classes(sizes, 2).tolist() == [0, 3]


def test_splits_without_a_class_to_look_at_are_refused_before_training(tmp_path):
    fields = {"data.split": "train[:200]", "data.held_out": "train[200:201]"}
    run, records = runs.new_run(tmp_path, debug_config(**fields))
    with pytest.raises(ValueError, match=r"no class has two examples.*or watch\.every = 0"):
        Watch(run, records)


def test_images_of_a_class_are_drawn_without_all_labels_at_once():
    """The draw is that of the class's places in an array, which large sets have no room for."""
    labels = np.random.default_rng(0).choice(4, 500, p=[0.6, 0.38, 0.01, 0.01])
    parts = SimpleNamespace(label_chunks=lambda: np.array_split(labels, 7))
    sizes = np.bincount(labels)
    assert 0 < sizes[3] < 32 < sizes[0]
    found = drawn(parts, {c: sizes[c] for c in (0, 3, 1)}, 32)
    for places, label in zip(found, (0, 3, 1), strict=True):
        own = np.flatnonzero(labels == label)
        wanted = own[fair_draw(32, len(own), "watch")]
        np.testing.assert_array_equal(places, np.resize(wanted, 32))


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """A tiny run with a held-out split, its records and its first state."""
    fields = {"data.split": "train[:95%]", "data.held_out": "train[95%:]", "watch.classes": 4}
    run, records = runs.new_run(tmp_path_factory.mktemp("watch"), debug_config(**fields))
    return run, records, jax.jit(lambda: init_state(run.game, 0))()


def replaced(call: Callable, other: Callable) -> Callable:
    """Return other(network, *inputs) in place of a network's call."""
    return lambda variables, *inputs: other(lambda *x: call(variables, *x), *inputs)


def looked(opened, **calls):
    """Look at the run with the calls of its networks replaced."""
    run, records, state = opened
    players = dict(run.game.players)
    for name, other in calls.items():
        side = players[name].side
        own = {**side.calls, "call": replaced(side.calls["call"], other)}
        players[name] = dataclasses.replace(players[name], side=side._replace(calls=own))
    run = dataclasses.replace(run, game=dataclasses.replace(run.game, players=players))
    norms = {"g/grad_norm": 1.0, "d/grad_norm": 1.0}
    return {"step": 10, **Watch(run, records)(state), **norms}


def found(line):
    return signs.signs([{**line, "step": 10}, {**line, "step": 20}], patience=2)


def test_a_new_network_raises_no_alarm(opened):
    line = looked(opened)
    assert found(line) == {}
    assert 0.25 < line["diversity"] < 1.5 and len(line["class_diversity"]) == 4
    for sigmas in line["sigmas"].values():  # orthogonal at the start
        np.testing.assert_allclose(sigmas, [s and 1.0 for s in sigmas], rtol=1e-4)
    assert len(line["sigmas"]) == sum(len(u) for u in us(opened[2]))


def us(state):
    """The power iterations' vectors: one for each normalised layer."""
    for player in (state.players["generator"], state.players["discriminator"]):
        yield jax.tree.leaves(player.transform_state)


def test_a_generator_that_ignores_its_latents_is_a_collapse(opened):
    line = looked(opened, generator=lambda g, latents, labels: g(0.0 * latents, labels))
    assert {"low_diversity", "many_duplicates", "low_class_diversity"} <= set(found(line))
    assert all(since == 10 for since in found(line).values())
    assert line["diversity"] < 0.05 and line["duplicates"] == 1.0


def test_a_generator_with_a_few_modes_is_a_collapse(opened):
    def two_modes(g, latents, labels):
        return g(jnp.where(latents[:, :1] > 0, 1.0, -1.0) * jnp.ones_like(latents), labels)

    line = looked(opened, generator=two_modes)
    assert "many_duplicates" in found(line)


def test_a_discriminator_that_memorises_is_noticed(opened):
    run, records, _ = opened
    sizes = class_sizes(records.stored_labels(), len(run.config.data.class_names))
    places = drawn(records, dict(enumerate(sizes)), 32).ravel()
    with Reader(records, run.medium) as reader:
        known = to_float(reader.read(places).sample).reshape(len(places), -1)

    def by_heart(d, images, labels):
        distance = jnp.abs(images.reshape(len(images), 1, -1) - known[None]).max(-1).min(-1)
        return jnp.where(distance < 1e-6, 3.0, -3.0)

    line = looked(opened, discriminator=by_heart)
    assert line["real_accuracy"] == 1.0 and line["held_out_accuracy"] == 0.0
    assert line["overfit"] == 1.0
    assert "overfit" in found(line) and "low_diversity" not in found(line)


def test_a_held_out_split_that_is_trained_on_is_refused(tmp_path):
    fields = {"data.held_out": "train[95%:]"}
    run, records = runs.new_run(tmp_path, debug_config(**fields))
    with pytest.raises(ValueError, match=r"shares 500 images with data.split = 'train'"):
        Watch(run, records)


@pytest.mark.slow
def test_a_healthy_training_raises_no_alarm(tmp_path, capfd):
    fields = {"data.split": "train[:95%]", "data.held_out": "train[95%:]", "watch.every": 30}
    fields |= {"train.steps": 300, "train.num_d_steps": 1, "train.microbatches": 1}
    fields |= {"train.batch": 32, "model.width": 8, "watch.patience": 1}  # once is an alarm here
    fields |= {"generator.learning_rate": 1e-3, "discriminator.learning_rate": 1e-3}
    assert train.train(debug_config(**fields), tmp_path) == 0
    assert "WATCH" not in capfd.readouterr().out
    lines = json_lines.read(tmp_path / "watch.jsonl")
    assert [line["step"] for line in lines] == list(range(30, 301, 30))
    first, last = lines[0]["sigmas"], lines[-1]["sigmas"]
    assert all(last[layer] != first[layer] for layer in first)  # it was trained, and looked at
