"""Sheets hold the images that their captions say."""

import numpy as np
import pytest

from jaxgan.media.pixels import to_stored
from jaxgan.trained.sample import sheets, walks
from jaxgan.trained.sample.command import Options, names, numbers, sample
from tests.tiny import tiny_tabulated

NAMES = ("tench, Tinca tinca", "goldfish", "Sneaker")


def test_class_rows_share_their_latents():
    g = tiny_tabulated()
    rows = sheets.class_rows(g, [4, 0], 3, seed=2, truncation=0.5)
    assert [row.caption for row in rows] == ["Ankle boot", "T-shirt/top"]
    np.testing.assert_array_equal(rows[0].latents, rows[1].latents)
    page = np.asarray(sheets.sheet(g, rows))
    expected = g.sample([4, 4, 4], seed=2, truncation=0.5)[1].repeat(8, 0).repeat(8, 1)
    left = page.shape[1] - 12 - 2 * 64
    np.testing.assert_array_equal(page[12:76, left : left + 64], expected.repeat(3, 2))


def test_each_truncation_has_statistics_of_its_own():
    g = tiny_tabulated()
    rows = sheets.truncation_rows(g, [1, 2], 4, 0, [0.5, 1.0, 0.0])
    assert [r.caption for r in rows] == ["truncation 0.5", "truncation 1", "none"]
    assert [r.truncation for r in rows] == [0.5, 1.0, 0.0]
    assert rows[0].labels.tolist() == [1, 2, 1, 2]
    assert np.abs(rows[0].latents).max() <= 0.5 < np.abs(rows[2].latents).max()


def test_latent_rows_go_from_seed_to_seed():
    g = tiny_tabulated()
    rows = sheets.latent_rows(g, [3], 5, [7, 8, 9], 0.0, "linear")
    ends = [g.latents([0], seed)[0] for seed in (7, 8, 9)]
    np.testing.assert_allclose(rows[0].latents[[0, -1]], ends[:2], atol=1e-6)
    np.testing.assert_allclose(rows[1].latents[2], (ends[1] + ends[2]) / 2, atol=1e-6)
    assert [r.caption for r in rows] == ["Bag, 7 to 8", "Bag, 8 to 9"]
    with pytest.raises(ValueError, match="--seeds = 7: write two or more"):
        sheets.latent_rows(g, [3], 5, [7], 0.0, "linear")


def test_between_classes_the_latents_are_held():
    g = tiny_tabulated()
    (row,) = sheets.between_rows(g, [0, 4], 3, [1], 0.5)
    np.testing.assert_allclose(row.labels, [[1, 0, 0, 0, 0], [0.5, 0, 0, 0, 0.5], [0, 0, 0, 0, 1]])
    assert (row.latents == row.latents[0]).all() and row.caption == "T-shirt/top to Ankle boot"
    with pytest.raises(ValueError, match="--classes = 0: write two or more"):
        sheets.between_rows(g, [0], 3, [1], 0.5)


def test_arithmetic_shows_the_terms_and_their_sum():
    g = tiny_tabulated()
    (row,) = sheets.arithmetic_rows(g, [2], "1-2+3", 0.0)
    z = [g.latents([0], seed)[0] for seed in (1, 2, 3)]
    np.testing.assert_allclose(row.latents[:3], z)
    direction = (z[0] - z[1] + z[2]) / np.linalg.norm(z[0] - z[1] + z[2])
    np.testing.assert_allclose(
        row.latents[3] / np.linalg.norm(row.latents[3]), direction, atol=1e-6
    )
    assert row.caption == "Sneaker: 1 - 2 + 3"


def test_a_walk_visits_its_seeds_with_the_classes_side_by_side():
    g = tiny_tabulated()
    frames = walks.walk_frames(g, [1, 3], [5, 6], 2, 0.5, "spherical")
    assert frames.shape == (4, 64, 128, 1)
    for k, seed in ((0, 5), (2, 6)):
        z = np.repeat(g.latents([0], seed, 0.5), 2, axis=0)
        both = to_stored(g.generate(z, np.array([1, 3]), 0.5))
        np.testing.assert_array_equal(
            frames[k], np.concatenate(both.repeat(8, 1).repeat(8, 2), axis=1)
        )


def test_class_names_with_commas_are_names():
    assert names("Tench, tinca tinca", NAMES) == ["Tench, tinca tinca"]
    assert names("goldfish, Sneaker,1", NAMES) == ["goldfish", "Sneaker", "1"]
    assert names("tench, Tinca tinca; 1", NAMES) == ["tench, Tinca tinca", "1"]
    assert names("", NAMES) == []
    assert numbers("--seeds", "1, 2,30") == [1, 2, 30]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "sheet"}, "--kind=sheet: write one of classes, truncations"),
        ({"seeds": "a", "kind": "latents"}, "--seeds=a: write whole numbers"),
        ({"truncation": "much"}, "--truncation=much: 'much' is not a number"),
        ({"truncation": "-1"}, "truncation = -1"),
        ({"shard": "4/4"}, "--shard=4/4: write K/N"),
        ({"columns": -3}, "--columns=-3"),
        ({"classes": "Sneker"}, "'Sneaker'"),
        ({"kind": "walk", "seeds": "1"}, "two seeds"),
        ({"kind": "walk", "output": "a.avi"}, r"a\.avi"),
        ({"columns": 10**9}, r"--columns=1000000000: 5,000,000,000 samples in one file"),
        ({"columns": 10**9, "kind": "truncations"}, "7,000,000,000 samples in one file"),
        ({"columns": 10**9, "kind": "between", "seeds": "1,2"}, "8,000,000,000 samples in one"),
        ({"kind": "walk", "steps": 10**9}, r"--steps=1000000000: 20,000,000,000 samples in one"),
        ({"kind": "latents", "path": "cubic"}, "linear or spherical"),
    ],
)
def test_wishes_that_cannot_be_met_are_refused(fields, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "jaxgan.trained.sample.command.load_generator", lambda model, config: tiny_tabulated()
    )
    with pytest.raises(ValueError, match=words):
        sample(tmp_path, None, Options(**fields))
    assert not list(tmp_path.iterdir())
