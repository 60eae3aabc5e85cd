"""The medium of volumes: stored values, views, files; `jaxgan prepare --voxels`."""

import io

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from jaxgan.config import check, default_config
from jaxgan.data.prepare.command import command
from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.prepare.volumes import volume_of
from jaxgan.game.keys import Keys
from jaxgan.media.medium import Batch
from jaxgan.media.volumes import AZIMUTH, COLOR, SHADES, TURNS, isometric, views, volumes
from jaxgan.training.run import with_facts
from tests.data.image_kinds import stored_images
from tests.data.made_media import FURNITURE, furniture


def config_of(**fields):
    config = default_config("tests.media.dense")
    config.data.update(medium="volumes", size=(8, 8, 8))
    config.train.batch = 8
    config.update_from_flattened_dict(fields)
    return with_facts(config, channels=1, bits=8, class_names=("a", "b"))


def test_values_and_files(tmp_path):
    kind = volumes((4, 5, 6, 1))
    stored = np.random.default_rng(0).integers(0, 256, (2, 4, 5, 6, 1)).astype(np.uint8)
    floats = kind.to_float(Batch(jnp.asarray(stored))).sample
    assert floats.min() >= -1 and floats.max() <= 1
    np.testing.assert_array_equal(kind.to_stored(floats), stored)
    kind.write(tmp_path / "a.obj", stored[0])
    with np.load(tmp_path / "a.npz") as file:
        np.testing.assert_array_equal(file["volume"], stored[0, ..., 0] >= 128)
    assert (tmp_path / "a.obj").read_text().startswith("v ")


def test_views_show_three_faces_and_what_is_behind_is_hidden():
    cube = np.zeros((3, 9, 9, 9, 1), np.uint8)
    cube[0], cube[1, 3:6, 3:6, 3:6] = 255, 255
    cube[2] = cube[0]
    cube[2, 2:5, 2:5, 2:5] = 0  # a hole inside, which nobody sees
    views = isometric(cube)
    np.testing.assert_array_equal(views[0], views[2])
    is_drawn = (views != 255).any(-1)
    assert 0 < is_drawn[1].sum() < is_drawn[0].sum()
    # The three faces of a cube cover a hexagon, one third each.
    shares = is_drawn.sum((1, 2))
    assert shares[0] / shares[1] == pytest.approx(9, rel=0.1)
    middle = views[0][48 - 10 : 48 + 10, 47].astype(float)
    assert middle[0, 2] > middle[-1, 2]  # the top is brightest
    left, right = views[0][60, 30].astype(float), views[0][60, 66].astype(float)
    assert left[2] / right[2] == pytest.approx(SHADES[0] / SHADES[1], rel=0.05)
    assert views[0].max() == 255 and (views[0][is_drawn[0]] <= COLOR.max()).all()
    flat = np.full((1, 4, 6, 9, 1), 255, np.uint8)
    assert isometric(flat).shape == (1, 96, 96, 3)


def test_a_volume_seen_from_the_side_is_a_turned_volume_seen_from_the_front():
    full = np.random.default_rng(0).random((2, 6, 7, 5, 1)) < 0.2
    stored = np.where(full, 255, 0).astype(np.uint8)
    is_drawn = lambda volume, azimuth: (views(volume, azimuth) != 255).any(-1)
    for azimuth in (20, 45, 73):
        front = is_drawn(np.rot90(stored, -1, axes=(1, 2)), azimuth)
        np.testing.assert_array_equal(is_drawn(stored, azimuth + 90), front)
    np.testing.assert_array_equal(views(stored, 20 + 360), views(stored, 20))


def test_a_pixel_is_drawn_where_its_ray_meets_a_full_voxel():
    full = np.random.default_rng(0).random((4, 6, 5)) < 0.1
    cos, sin = np.cos(np.deg2rad(20)), np.sin(np.deg2rad(20))
    ahead = np.array([2**0.5 * cos, 2**0.5 * sin, 1])
    half = 1.04 * (np.hypot(4, 6) + 2**0.5 * 5) / 3**0.5 / 2
    line = ((np.arange(96) + 0.5) / 48 - 1) * half
    up = np.array([-cos, -sin, 2**0.5]) / 3**0.5
    start = np.array([2, 3, 2.5]) + line[:, None] * [-sin, cos, 0] - line[:, None, None] * up
    steps = np.linspace(-4, 4, 1500)
    cells = np.floor(start[:, :, None] - steps[:, None] * ahead).astype(int)
    is_inside = ((cells >= 0) & (cells < full.shape)).all(-1)
    is_met = full[tuple(np.moveaxis(np.where(is_inside[..., None], cells, 0), -1, 0))] & is_inside
    (view,) = views(np.where(full, 255, 0).astype(np.uint8)[None, ..., None], 20)
    is_drawn, is_met = (view != 255).any(-1), is_met.any(-1)
    assert is_drawn[is_met].all() and is_met.mean() > 0.2
    assert (is_drawn & ~is_met).sum() < 10  # rays that graze an edge between two steps


def test_the_first_of_each_row_turns():
    stored = np.random.default_rng(0).integers(0, 256, (4, 5, 5, 5, 1)).astype(np.uint8)
    reel = volumes((5, 5, 5, 1)).reel
    with Image.open(io.BytesIO(reel.encode(stored, 2))) as film:
        assert film.n_frames == TURNS and film.size == (2 * 96, 96)
        shown = np.asarray(film.convert("RGB"))
    np.testing.assert_array_equal(shown, np.concatenate(isometric(stored[::2]), 1))
    assert all((AZIMUTH + i * 360 / TURNS) % 90 for i in range(TURNS))


def test_half_are_mirrored_left_to_right():
    batch = Batch(jnp.arange(40 * 8.0).reshape(4, 10, 2, 2, 2, 1))
    keys = Keys(jax.random.key(0))
    plain = volumes((2, 2, 2, 1)).augment(keys, batch)
    assert plain is batch
    made = volumes((2, 2, 2, 1), flip=True).augment(keys, batch).sample
    same, mirrored = (
        (made == other).all((2, 3, 4, 5)) for other in (batch.sample, batch.sample[:, :, ::-1])
    )
    assert (same ^ mirrored).all() and 8 < int(mirrored.sum()) < 32


def test_a_size_of_images_is_refused():
    check(config_of(), 1)
    line = r"data.size = \(8, 8\) with data.medium = 'volumes': write three"
    with pytest.raises(ValueError, match=line):
        check(config_of(**{"data.size": (8, 8)}), 1)


def test_a_crop_is_refused():
    with pytest.raises(ValueError, match=r"data\.random_crop = 0\.5 .* write 1\.0"):
        check(config_of(**{"data.random_crop": 0.5}), 1)


def test_meshes_are_prepared_and_open_ones_refused(tmp_path, capsys):
    folder = furniture(tmp_path / "in", 3)
    text = (folder / "lamp" / "0000.obj").read_text()
    faces = [line for line in text.splitlines(True) if line.startswith("f ")]
    (folder / "lamp" / "0000.obj").write_text(text.replace(faces[0], "", 1))
    assert command([str(folder), str(tmp_path / "out"), "--voxels=12", "--order=source"]) == 0
    said = capsys.readouterr().out
    assert "14 volumes of 12x12x12x1 uint8 (zlib), 5 classes of 2 to 3" in said
    assert "data.medium = 'volumes', data.size = (12, 12, 12)" in said
    assert "'lamp/0000.obj': not closed: 4 of its edges lie between an odd number" in said
    found, kept = stored_images(tmp_path / "out"), sorted(folder.rglob("*.obj"))
    kept.remove(folder / "lamp" / "0000.obj")
    assert set(np.unique(found)) == {0, 255}
    np.testing.assert_array_equal(found, [volume_of(path, 12) for path in kept])


def test_arrays_are_prepared(tmp_path):
    full = np.random.default_rng(0).random((5, 6, 6, 6)) < 0.5
    labels = np.array([0, 1, 2, 1, 0])
    for name, values in (("ones", full.astype(np.uint8)), ("bytes", np.where(full, 255, 0))):
        values = values.astype(np.uint8)
        np.savez(tmp_path / f"{name}.npz", volumes=values, labels=labels)
        prepare(tmp_path / f"{name}.npz", tmp_path / name, voxels=6, order="source")
        np.testing.assert_array_equal(stored_images(tmp_path / name)[..., 0] > 0, full)
    gray = np.where(full, 200, 0).astype(np.uint8)
    np.savez(tmp_path / "gray.npz", volumes=gray)
    with pytest.raises(ValueError, match=r"none of 5 volumes .* neither 0 nor 1"):
        prepare(tmp_path / "gray.npz", tmp_path / "gray", voxels=6)
    with pytest.raises(ValueError, match="voxels is 8, but its arrays are 6x6x6 uint8; save"):
        prepare(tmp_path / "ones.npz", tmp_path / "other", voxels=8)
    with pytest.raises(ValueError, match=r"classes, or write --voxels=6$"):
        prepare(tmp_path / "ones.npz", tmp_path / "other", voxels=8)
    with pytest.raises(ValueError, match="voxels is 2; write a number from 4"):
        prepare(tmp_path / "ones.npz", tmp_path / "other", voxels=2)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.zeros((5, 9)), "y": np.zeros(5, int)}, r"it holds 'x' \[5, 9\] float64, 'y' .*"),
        ({"x": np.zeros((5, 6, 6, 6), bool)}, r"it holds 'x' \[5, 6, 6, 6\] bool"),
        ({"x": np.ones((5, 6, 6), np.uint8)}, "voxels is 6, but its arrays are 6x6x1 uint8"),
    ],
)
def test_arrays_that_are_no_volumes_are_told_the_rule(tmp_path, arrays, message):
    np.savez(tmp_path / "a.npz", **arrays)
    rule = r"; save one array \[n, 6, 6, 6\] uint8 of 0 and 1, and `labels` \[n\] if .* classes$"
    with pytest.raises(ValueError, match=message + rule):
        prepare(tmp_path / "a.npz", tmp_path / "out", voxels=6)
    (tmp_path / "a.npz").write_text("no archive")
    with pytest.raises(
        ValueError, match=r"cannot be read as npz \(File is not a zip file\)" + rule
    ):
        prepare(tmp_path / "a.npz", tmp_path / "out", voxels=6)


def test_the_classes_of_furniture_are_told_apart_by_their_nearest_neighbour(tmp_path):
    """The procedural set is what it says: its classes differ more than its pieces."""
    folder = furniture(tmp_path / "in", 12)
    all_of = lambda part: np.stack(
        [volume_of(folder / n / f"{i:04d}.obj", 12).ravel() > 0 for n in FURNITURE for i in part]
    ).astype(np.float32)
    known, asked = all_of(range(8)), all_of(range(8, 12))
    distances = ((asked[:, None] - known[None]) ** 2).sum(-1)
    found = distances.argmin(1) // 8
    assert (found == np.repeat(range(5), 4)).mean() >= 0.9
