"""`jaxgan prepare A TARGET --pairs=B`: files become pairs, or are refused by name."""

import numpy as np
import pytest
from PIL import Image

from jaxgan.config import default_config
from jaxgan.data.prepare.command import command
from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.reader import Reader
from jaxgan.data.records import open_records
from jaxgan.media.decode import decode_record
from jaxgan.media.pairs import medium
from jaxgan.media.resize import fit
from jaxgan.training.run import resolve
from tests.data.image_kinds import encoded, random_images, stored_images


def write(folder, images, suffix="png"):
    folder.mkdir(parents=True, exist_ok=True)
    for number, image in enumerate(images):
        (folder / f"{number}.{suffix}").write_bytes(encoded(image, suffix))


def config_of(directory, **fields):
    config = default_config("pix2pix", "pix2pix")
    config.condition = "data"
    config.data.update(name=str(directory), medium="pairs", size=(8, 8))
    config.train.batch = 8
    config.update_from_flattened_dict({f"data.{name}": value for name, value in fields.items()})
    return config


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", [None, (4, 4)])
def test_two_folders(tmp_path, size, dtype):
    """Source k and picture k are one record, in the source's order; the config learns which is."""
    sources = random_images((5, 8, 8), dtype, seed=1)
    pictures = random_images((5, 8, 8, 3) if dtype == np.uint8 else (5, 8, 8), dtype, seed=2)
    write(tmp_path / "a", sources)
    write(tmp_path / "b", pictures, "png" if dtype == np.uint16 else "bmp")
    manifest = prepare(
        tmp_path / "a", tmp_path / "out", size, pairs=str(tmp_path / "b"), order="source"
    )
    assert manifest["source_channels"] == 1 and manifest["classes"] == {"pairs": 5}
    pictures = pictures.reshape(5, 8, 8, -1)
    joined = np.concatenate([sources[..., None], pictures], -1)
    expected = joined if size is None else [fit(x, size, "center", "area") for x in joined]
    np.testing.assert_array_equal(stored_images(tmp_path / "out"), expected)

    records = open_records(tmp_path / "out")
    config = resolve(config_of(tmp_path / "out"), records, 1)
    assert config.data.source_channels == 1 and config.data.channels == 1 + pictures.shape[-1]
    with Reader(records, medium(config.data)) as reader:
        batch = reader.read(np.array([3, 0]))
    if size is None:
        np.testing.assert_array_equal(batch.condition, sources[[3, 0], ..., None])
        np.testing.assert_array_equal(batch.sample, pictures[[3, 0]])


@pytest.mark.parametrize("half", ["left", "right"])
def test_side_by_side(tmp_path, half):
    images = random_images((4, 6, 10, 3))
    write(tmp_path / "both", images)
    prepare(tmp_path / "both", tmp_path / "out", pairs=half, order="source")
    left, right = images[:, :, :5], images[:, :, 5:]
    first, second = (left, right) if half == "left" else (right, left)
    np.testing.assert_array_equal(
        stored_images(tmp_path / "out"), np.concatenate([first, second], -1)
    )


def refused(tmp_path, *flags):
    with pytest.raises((ValueError, FileNotFoundError)) as found:
        command([str(tmp_path / "a"), str(tmp_path / "out"), *flags])
    assert "\n" not in str(found.value) and not (tmp_path / "out").exists()
    return str(found.value)


def test_pairs_that_do_not_fit_are_refused_by_name(tmp_path):
    a, b, flag = tmp_path / "a", tmp_path / "b", f"--pairs={tmp_path / 'b'}"
    write(a, random_images((4, 6, 7)))
    assert "no such folder" in refused(tmp_path, flag)
    write(b, random_images((5, 6, 7)))
    message = refused(tmp_path, flag)
    assert f"{b}: 1 of 5 images have no partner in {a}, such as '4.png'" in message
    (b / "4.png").unlink()
    (b / "2.png").rename(b / "two.png")
    assert f"{a}: 1 of 4 images have no partner in {b}, such as '2.png'" in refused(tmp_path, flag)
    (b / "two.png").rename(b / "2.png")
    (b / "1.png").write_bytes(encoded(random_images((6, 8))))
    message = refused(tmp_path, flag)
    assert f"1 pairs hold images of two sizes (height x width), such as '1.png' (6x7) and {b}" in (
        message
    )
    assert "1.png (6x8): bring the two images of a pair to one size" in message
    assert "odd width, such as '0.png' (7 wide)" in refused(tmp_path, "--pairs=left")
    Image.fromarray(random_images((6, 7))).save(a / "0.bmp")
    assert "'0.bmp' and '0.png' have one name" in refused(tmp_path, flag)


def test_a_damaged_image_takes_its_pair_along_and_both_are_named(tmp_path):
    write(tmp_path / "a", random_images((3, 4, 4)))
    write(tmp_path / "b", random_images((3, 4, 4)))
    (tmp_path / "b" / "1.png").write_bytes(b"no image")
    manifest = prepare(tmp_path / "a", tmp_path / "out", pairs=str(tmp_path / "b"))
    assert manifest["num_images"] == 2 and list(manifest["rejected"]) == ["1.png"]
    assert str(tmp_path / "b" / "1.png") in manifest["rejected"]["1.png"]


def test_pairs_read_as_single_images_and_the_other_way_round_are_refused(tmp_path):
    write(tmp_path / "a", random_images((3, 8, 8)))
    write(tmp_path / "b", random_images((3, 8, 8)))
    prepare(tmp_path / "a", tmp_path / "out", pairs=str(tmp_path / "b"))
    prepare(tmp_path / "a", tmp_path / "single")
    pairs, single = open_records(tmp_path / "out"), open_records(tmp_path / "single")
    with pytest.raises(ValueError, match=r"data.medium = 'images', but .* holds pairs"):
        resolve(config_of(tmp_path / "out", medium="images"), pairs, 1)
    with pytest.raises(ValueError, match=r"data.source_channels = 2, but the sources in .* have 1"):
        resolve(config_of(tmp_path / "out", source_channels=2), pairs, 1)
    with pytest.raises(ValueError, match="holds no pairs: make some with `jaxgan prepare A"):
        resolve(config_of(tmp_path / "single"), single, 1)
    known = resolve(config_of(tmp_path / "single", source_channels=1), single, 1)
    with pytest.raises(ValueError, match="source_channels = 1 of 1 channels leaves none for the"):
        medium(known.data)


def test_domains_are_joined_by_lot(tmp_path):
    """Each image of the larger folder once, of the smaller as often as the others, or once more."""
    write(tmp_path / "a", np.arange(7, dtype=np.uint8).repeat(16).reshape(7, 4, 4))
    write(tmp_path / "b", 100 + np.arange(3, dtype=np.uint8).repeat(30).reshape(3, 5, 6))
    options = {"domains": str(tmp_path / "b"), "order": "source", "size": (2, 2)}
    manifest = prepare(tmp_path / "a", tmp_path / "out", **options)
    assert manifest["aligned"] is False and manifest["source_channels"] == 1
    first, second = (stored_images(tmp_path / "out")[:, 0, 0, i].tolist() for i in (0, 1))
    assert sorted(first) == list(range(7))
    assert sorted(second.count(100 + i) for i in range(3)) == [2, 2, 3]
    prepare(tmp_path / "a", tmp_path / "again", **options)
    np.testing.assert_array_equal(
        stored_images(tmp_path / "again"), stored_images(tmp_path / "out")
    )
    prepare(tmp_path / "a", tmp_path / "other", **options, seed=1)
    assert (stored_images(tmp_path / "other") != stored_images(tmp_path / "out")).any()
    parts = [open_records(tmp_path / "out", split) for split in ("train[:50%]", "train[50%:]")]
    seen = [
        {decode_record(r, x.features)[0, 0, 1] for r, _ in x.read(range(len(x)))} for x in parts
    ]
    assert (
        len(seen[0] | seen[1]) == 3 and not seen[0] & seen[1]
    )  # none that is held out is trained on
    records = open_records(tmp_path / "out")
    with pytest.raises(ValueError, match=r"but .* holds domains: write 'domains'"):
        resolve(config_of(tmp_path / "out"), records, 1)
    assert resolve(config_of(tmp_path / "out", medium="domains"), records, 1)
    with pytest.raises(ValueError, match="either have partners or not; write one"):
        prepare(tmp_path / "a", tmp_path / "both", **options, pairs="left")
