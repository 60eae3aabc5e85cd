"""Pictures of trained networks, drawn from runs with random weights: what is in which cell."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.training import run
from jaxgan.training.checkpoints import Checkpoints
from jaxgan.training.claim import claim
from tests.demos import attention, codes, pyramid, styles
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
