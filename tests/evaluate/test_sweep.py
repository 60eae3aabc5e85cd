"""The points of a truncation curve, on curves whose answer is known."""

import csv
import io

import jax
import numpy as np
import pytest

from jaxgan.evaluate.sweep import by_definition, drawn, points, points_of, said, table
from jaxgan.game import sampling
from jaxgan.game.latents import class_conditional
from tests.tiny import tiny_generator


def row(truncation, fd, score, definition="threshold"):
    protocol = {"truncation": truncation, "truncation_definition": truncation and definition}
    return {"metrics": {"fd": fd, "is": score}, "protocol": protocol}


CURVE = [row(None, 8.7, 98.8), row(0.5, 9.6, 166.3), row(2.0, 7.7, 126.5), row(0.04, 25.0, 206.0)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.04:2.0:0.04", np.arange(1, 51) * 0.04),
        ("0.5:1:0.2", [0.5, 0.7, 0.9]),
        ("1,0.5", [0.5, 1.0]),
        ("0.3", [0.3]),
    ],
)
def test_values_of_a_curve(text, expected):
    np.testing.assert_allclose(points_of(text), expected, rtol=1e-12)
    assert len(points_of(text)) == len(expected)


@pytest.mark.parametrize(
    "text", ["a", "1:2", "1:2:0", "2:1:0.1", "1:2:-1", "-1,2", "1;2", "0", "0,0"]
)
def test_texts_that_are_no_values(text):
    with pytest.raises(ValueError, match=f"--truncation={text}: write"):
        points_of(text)


@pytest.mark.parametrize("text", ["0:1e9:1e-9", "0:inf:1", ",".join(["0.5"] * 1001)])
def test_a_curve_of_too_many_points_is_refused_before_they_are_made(text):
    with pytest.raises(ValueError, match=r"--length=.*more than 1000 numbers: write a larger step"):
        points_of(text, "--length")


def test_the_points_of_the_papers_table():
    """BigGAN at 128 pixels, with the Inception Score of the validation images, 166."""
    rows = by_definition(CURVE)["threshold"]
    assert [r["protocol"]["truncation"] for r in rows] == [None, 2.0, 0.5, 0.04]
    found = points(rows, "fd", "is", 166.0)
    scores = {letter: r["metrics"]["fd"] for letter, r in found.items()}
    assert scores == {"a": 8.7, "b": 7.7, "c": 9.6, "d": 25.0}
    lines = "\n".join(said("threshold", found, "fd", "is", 166.0))
    assert "(c) Inception Score of real images: truncation 0.5, fd 9.6, is 166.3" in lines


def test_a_score_that_is_not_reached_is_said():
    rows = by_definition(CURVE)["threshold"]
    found = points(rows, "fd", "is", 300.0)
    assert set(found) == {"a", "b", "d"}
    assert "(c) Inception Score of real images: 300 is not reached" in "\n".join(
        said("threshold", found, "fd", "is", 300.0)
    )


def test_an_extractor_without_logits_has_two_points():
    rows = [{**r, "metrics": {"fd": r["metrics"]["fd"]}} for r in CURVE]
    assert set(points(rows, "fd", "is", None)) == {"a", "b"}


def test_definitions_share_the_untruncated_point_and_the_newest_result_counts():
    curve = [*CURVE, row(0.5, 8.0, 150.0, "variance"), row(2.0, 7.0, 127.0)]
    curves = by_definition(curve)
    assert set(curves) == {"threshold", "variance"}
    assert curves["variance"][0] is curves["threshold"][0] is CURVE[0]
    assert curves["threshold"][1]["metrics"]["fd"] == 7.0
    rows = list(csv.DictReader(io.StringIO(table(curve, "fd", "is", 166.0))))
    assert len(rows) == 6 and rows[0]["point"] == "a" and rows[1]["point"] == "b"
    assert drawn(curve, "fd", "is", 166.0).size[0] > 500


LATENTS = {
    ("threshold", 0.0): jax.random.normal,
    ("threshold", 0.5): lambda key, shape: jax.random.truncated_normal(key, -0.5, 0.5, shape),
    ("scaled", 0.5): lambda key, shape: 0.5 * jax.random.truncated_normal(key, -2.0, 2.0, shape),
    ("variance", 0.5): lambda key, shape: 0.5 * jax.random.normal(key, shape),
}


@pytest.mark.parametrize(("definition", "t"), LATENTS)
def test_each_threshold_has_standing_statistics_of_its_own(definition, t):
    """They are the moments of batches of exactly the latents that are sampled."""
    g = tiny_generator(**{"sample.truncation_definition": definition})
    prior = class_conditional(LATENTS[definition, t], g.latent_dim, len(g.class_names))
    inputs = lambda key: prior(key, 16)
    expected = sampling.variables(g.side, g.weights, inputs, 3)["batch_stats"]
    found = g.variables(t)["batch_stats"]
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6), found, expected
    )
