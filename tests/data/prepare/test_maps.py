"""`jaxgan prepare A TARGET --maps=B`: pictures with maps, or refused by name."""

import numpy as np
import pytest
from PIL import Image

from jaxgan.config import default_config
from jaxgan.data.prepare.command import command
from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.reader import Reader
from jaxgan.data.records import open_records
from jaxgan.media.maps import medium
from jaxgan.media.resize import fit
from jaxgan.training.run import resolve
from tests.data.image_kinds import random_images, stored_images
from tests.data.prepare.test_pairs import write


def config_of(directory, **fields):
    config = default_config("spade", "spade")
    config.condition = "data"
    config.data.update(name=str(directory), medium="maps", size=(8, 8))
    config.train.batch = 8
    config.update_from_flattened_dict({f"data.{name}": value for name, value in fields.items()})
    return config


@pytest.fixture
def folders(tmp_path):
    pictures = random_images((5, 8, 8, 3))
    found = np.random.default_rng(0).integers(0, 7, (5, 8, 8)).astype(np.uint8)
    found[0, :2] = 255
    write(tmp_path / "photos", pictures)
    write(tmp_path / "maps", found)
    return tmp_path, pictures, found


@pytest.mark.parametrize("size", [None, (4, 4)])
def test_two_folders(folders, size):
    """Maps are resized by nearest, pictures by area; the config learns the number of classes."""
    tmp_path, pictures, found = folders
    out, options = tmp_path / "out", {"maps": str(tmp_path / "maps"), "order": "source"}
    manifest = prepare(tmp_path / "photos", out, size, **options)
    assert manifest["map_classes"] == 7 and manifest["source_channels"] == 1
    found = found[..., None]
    if size:
        found = np.stack([fit(x, size, "center", "nearest") for x in found])
        pictures = np.stack([fit(x, size, "center", "area") for x in pictures])
    np.testing.assert_array_equal(stored_images(out), np.concatenate([found, pictures], -1))

    records = open_records(out)
    config = resolve(config_of(out, size=size or (8, 8)), records, 1)
    assert config.data.map_classes == 7 and config.data.channels == 4
    with Reader(records, medium(config.data)) as reader:
        batch = reader.read(np.array([3, 0]))
    np.testing.assert_array_equal(batch.condition, found[[3, 0]])
    np.testing.assert_array_equal(batch.sample, pictures[[3, 0]])
    # Read at another size: no class is averaged.
    smaller = resolve(config_of(out, size=(2, 2)), records, 1)
    with Reader(records, medium(smaller.data)) as reader:
        read = reader.read(np.arange(5)).condition
    assert all(set(np.unique(a)) <= set(np.unique(b)) for a, b in zip(read, found, strict=True))


def test_the_config_and_the_data_agree(folders):
    tmp_path, *_ = folders
    out, options = tmp_path / "out", {"maps": str(tmp_path / "maps")}
    prepare(tmp_path / "photos", out, **options)
    records = open_records(out)
    assert resolve(config_of(out, map_classes=9), records, 1).data.map_classes == 9
    with pytest.raises(ValueError, match=r"data.map_classes = 3, but the maps in .* have 7: write"):
        resolve(config_of(out, map_classes=3), records, 1)
    with pytest.raises(ValueError, match=r"data.medium = 'pairs', but .* holds maps: write"):
        resolve(config_of(out, medium="pairs"), records, 1)
    prepare(tmp_path / "photos", tmp_path / "plain")
    with pytest.raises(ValueError, match="holds no label maps: make some with `jaxgan prepare A"):
        resolve(config_of(tmp_path / "plain"), open_records(tmp_path / "plain"), 1)


def test_refusals(folders, capsys):
    """A class that is too large, a map in colour, a picture without a map: by their names."""
    tmp_path, pictures, _ = folders
    argv = [str(tmp_path / "photos"), str(tmp_path / "out"), f"--maps={tmp_path / 'maps'}"]
    with pytest.raises(ValueError, match=r"maps/\d.png has class 6, and there are 5, from 0 to 4"):
        command([*argv, "--map-classes=5"])
    with pytest.raises(ValueError, match="map_classes is 5 without maps: write maps too"):
        command([*argv[:2], "--map-classes=5"])
    with pytest.raises(ValueError, match=r"domains is .* beside maps: write one"):
        command([*argv, f"--domains={tmp_path / 'maps'}"])
    with pytest.raises(ValueError, match="bits is 16: pictures with maps have 8"):
        command([*argv, "--bits=16"])
    Image.fromarray(pictures[1]).save(tmp_path / "maps" / "1.png")
    with pytest.raises(ValueError, match=r"maps/1.png: mode RGB is not a map: write a gray PNG"):
        command(argv)
    (tmp_path / "maps" / "1.png").unlink()
    with pytest.raises(
        ValueError, match=r"1 of 5 images have no partner in .*maps, such as '1.png'"
    ):
        command(argv)
    Image.fromarray(np.zeros((4, 8), np.uint8)).save(tmp_path / "maps" / "1.png")
    with pytest.raises(ValueError, match=r"1 pairs hold images of two sizes .*'1.png' \(8x8\)"):
        command(argv)
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "maps" / "1.png")
    assert command(argv) == 0
    assert "a label map of 7 classes and a picture of 3 channels" in capsys.readouterr().out
