"""Pictures of trained networks, drawn from runs with random weights: what is in which cell."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.data.prepare.prepare import prepare
from jaxgan.training import run
from jaxgan.training.checkpoints import Checkpoints
from jaxgan.training.claim import claim
from tests.data.image_kinds import random_images
from tests.data.prepare.test_pairs import write
from tests.demos import attention, codes, pyramid, styles, teams, translations
from tests.test_configs import module, resolved
from tests.tiny import drawn

pytestmark = pytest.mark.slow  # each compiles a generator


def random_run(workdir, file, **fields):
    """Write a run of a config with random weights, its networks narrow."""
    config = module(file).get_config()
    config.update_from_flattened_dict({"sample.standing_batches": 1, **fields})
    config.sample.standing_batch = 16
    opened = run.open_run(workdir, resolved(config))
    claim(opened, {})
    shapes = run.abstract_state(opened)
    state = drawn(shapes)
    if config.generator.equalized:
        state = state.replace(averages={"generator": unit_kernels(state.averages["generator"])})
    state = jax.device_put(state, jax.tree.map(lambda x: x.sharding, shapes))
    with Checkpoints(workdir / "checkpoints") as checkpoints:
        checkpoints.save(7, state.replace(step=jnp.int32(7)))
    return workdir


def unit_kernels(params):
    """Return kernels of deviation 1, and 100 in the mapping: what equalised networks start with."""

    def scaled(path, leaf):
        name = jax.tree_util.keystr(path)
        scale = np.sqrt(np.prod(leaf.shape[:-1])) if "kernel" in name else 1.0
        return (leaf * scale * (100.0 if "mapping" in name else 1.0)).astype(leaf.dtype)

    return jax.tree_util.tree_map_with_path(scaled, params)


def test_styles(tmp_path):
    workdir = random_run(tmp_path / "run", "stylegan_fashion", **{"model.width": 2})
    rows = dict(styles.rows(styles.jaxgan.load(workdir)))
    samples = rows["samples"]
    assert all(images.shape == samples.shape for images in rows.values())
    assert (rows["its coarse styles"] != samples).any(axis=(1, 2, 3)).all()
    assert (rows["its fine styles"] != rows["its coarse styles"]).any()
    np.testing.assert_allclose(rows["truncation psi = 1"], samples, atol=1e-4)
    # At the mean w only the noise differs: less than the samples do.
    assert rows["truncation psi = 0"].std(0).mean() < samples.std(0).mean()
    assert (rows["the first, other noise"][0] != rows["the first, other noise"][1]).any()
    styles.main(workdir, str(tmp_path / "styles.png"))
    assert (tmp_path / "styles.png").stat().st_size > 1000


def test_attention(tmp_path):
    workdir = random_run(tmp_path / "run", "sagan_fashion", **{"model.width": 2})
    g = attention.jaxgan.load(workdir)
    images, maps = attention.attention(g, g.latents(range(2)), np.zeros(2, np.int32))
    assert images.shape == (2, 32, 32, 1) and maps.shape == (2, 256, 64)
    np.testing.assert_allclose(maps.sum(-1), 1.0, rtol=1e-5)
    # A query that looks at one key alone is shown there: a blot of its colour on white.
    weights = np.zeros((256, 64), np.float32)
    weights[:, 8 * 2 + 5] = 1.0  # of 8 x 8 keys, row 2, column 5
    marked, first, *_ = attention.cells(images[0], weights)
    assert (first[8:12, 20:24].mean(-1) < 200).all() and (first[24:] == 255).all()
    assert tuple(marked[16, 16]) == tuple(attention.ImageColor.getrgb(attention.COLORS[0]))
    attention.main(workdir, str(tmp_path / "attention.png"), 2)
    assert (tmp_path / "attention.png").stat().st_size > 1000


def test_pyramid_and_codes(tmp_path, capsys):
    workdir = random_run(tmp_path / "run", "lapgan_fashion", **{"model.width": 2})
    pyramid.main(workdir, str(tmp_path / "pyramid.png"), 3)
    assert (tmp_path / "pyramid.png").stat().st_size > 1000
    workdir = random_run(tmp_path / "codes", "infogan_fashion", **{"model.width": 2})
    codes.main(workdir, str(tmp_path / "codes.png"), 4)
    said = capsys.readouterr().out
    agreement = float(said.partition("agree with ")[2].partition("%")[0])
    assert 10 <= agreement < 50  # random weights: near chance


def pair_set(folder, size):
    for seed, side in enumerate(("a", "b")):
        write(folder / side, random_images((6, *size, 3), seed=seed))
    prepare(folder / "a", folder / "pairs", pairs=str(folder / "b"), order="source")
    return str(folder / "pairs")


def test_teams(tmp_path, capsys):
    """Copies are scored as numpy does; what is made is what the run makes."""
    data = pair_set(tmp_path, (8, 8))
    fields = {"model.width": 2, "model.blocks": 1, "model.patch_layers": 1, "data.size": (8, 8)}
    workdir = random_run(tmp_path / "run", "cyclegan_teams", **fields)
    teams.main(str(workdir), data, str(tmp_path / "teams.png"))
    red, blue = (random_images((6, 8, 8, 3), seed=seed) for seed in (0, 1))
    copy = "{:.3f}   {:.3f}".format(*teams.errors(red, blue, red))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines] == [
        "6 pairs", "red to blue", "red to blue", "blue to red", "blue to red"
    ]  # fmt: skip
    assert lines[1].endswith(copy) and lines[3].endswith(copy)
    assert (tmp_path / "teams.png").stat().st_size > 1000


def test_translations(tmp_path):
    data = pair_set(tmp_path, (16, 16))
    fields = {"model.width": 2, "data.name": data, "data.size": (16, 16), "data.held_out": ""}
    workdir = random_run(tmp_path / "run", "pix2pix_emoji", **fields)
    rows = translations.rows([(str(workdir), "made")], columns=4)
    assert list(rows) == ["source", "made", "true"]
    sources = random_images((6, 16, 16, 3), seed=0)
    shown = [np.flatnonzero((sources == x).all((1, 2, 3))).item() for x in rows["source"]]
    np.testing.assert_array_equal(rows["true"], random_images((6, 16, 16, 3), seed=1)[shown])
    assert rows["made"].shape == rows["true"].shape and (rows["made"] != rows["true"]).any()
