"""The medium of clips: strips, films, mirrors; `jaxgan prepare --frames`."""

import io

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from jaxgan.config import check
from jaxgan.data.prepare.command import command
from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.records import open_records
from jaxgan.game.keys import Keys
from jaxgan.media.clips import clips
from jaxgan.media.medium import Batch
from tests.data.image_kinds import stored_images
from tests.media.test_volumes import config_of


def few_colors(shape, seed=0):
    """Return frames of 8 colours, which a GIF holds exactly."""
    return np.random.default_rng(seed).integers(0, 2, shape).astype(np.uint8) * 255


def write(path, frames, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    first, *rest = map(Image.fromarray, frames)
    first.save(path, save_all=True, append_images=rest, duration=50, **options)


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
@pytest.mark.parametrize("stride", [1, 2])
def test_clips_hold_the_frames_of_their_film(tmp_path, suffix, stride):
    options = {"lossless": True} if suffix == "webp" else {}
    long, short = few_colors((13, 8, 6, 3)), few_colors((4 * stride, 8, 6, 3), 1)
    write(tmp_path / "in" / "a" / f"long.{suffix}", long, **options)
    write(tmp_path / "in" / "b" / f"short.{suffix}", short, **options)
    write(tmp_path / "in" / "b" / f"brief.{suffix}", short[:3], **options)
    manifest = prepare(tmp_path / "in", tmp_path / "out", frames=4, stride=stride, order="source")
    count = 3 // stride
    assert manifest["files"] == [count, 1] and manifest["medium"] == "clips"
    expected = [long[i * 4 * stride : (i + 1) * 4 * stride : stride] for i in range(count)]
    found = stored_images(tmp_path / "out")
    np.testing.assert_array_equal(found, [*expected, short[::stride]])
    assert manifest["rejected"] == {f"b/brief.{suffix}[0]": f"3 frames; a clip needs {4 * stride}"}
    assert open_records(tmp_path / "out").labels().tolist() == [0] * count + [1]


def test_still_films_are_dropped_and_sizes_are_one(tmp_path, capsys):
    write(tmp_path / "in" / "moves.png", few_colors((6, 8, 8, 3)))
    blinking = np.tile(few_colors((2, 8, 8, 3)), (3, 1, 1, 1))  # every second frame is the same
    write(tmp_path / "in" / "still.png", blinking)
    assert command([str(tmp_path / "in"), str(tmp_path / "out"), "--frames=3", "--stride=2"]) == 0
    said = capsys.readouterr().out
    assert "1 clips of 3x8x8x3 uint8" in said and "'still.png[0]': nothing moves" in said
    assert "data.medium = 'clips', data.size = (3, 8, 8)" in said
    write(tmp_path / "in" / "large.png", few_colors((6, 16, 16, 3)))
    with pytest.raises(ValueError, match=r"images have 2 sizes .* write one for all: --size"):
        prepare(tmp_path / "in", tmp_path / "other", frames=3, stride=2)
    manifest = prepare(tmp_path / "in", tmp_path / "other", 8, 1, frames=3, stride=2)
    assert manifest["format"]["shape"] == [3, 8, 8, 1] and manifest["num_images"] == 2
    with pytest.raises(ValueError, match="stride is 2 without frames: write frames too"):
        prepare(tmp_path / "in", tmp_path / "no", stride=2)
    with pytest.raises(ValueError, match="channels is 4; for clips write 1"):
        prepare(tmp_path / "in", tmp_path / "no", frames=2, channels=4)


def test_strips_and_films_show_every_clip_in_its_place():
    kind = clips((4, 8, 6, 3))
    stored = few_colors((6, 4, 8, 6, 3))
    strips = kind.pictures(stored)
    assert strips.shape == (6, 8, 24, 3)
    np.testing.assert_array_equal(strips[2, :, 12:18], stored[2, 2])
    sheet = np.asarray(kind.sheet(stored, 3))
    np.testing.assert_array_equal(sheet[8:, :24], strips[3])
    with Image.open(io.BytesIO(kind.reel.encode(stored, 3))) as film:
        assert film.n_frames == 4
        film.seek(2)
        frame = np.asarray(film.convert("RGB"))
    times = 4  # small frames are enlarged to 64 pixels: 16 x 18 four times
    np.testing.assert_array_equal(frame[::times, ::times][8:, 6:12], stored[4, 2])
    floats = kind.to_float(Batch(jnp.asarray(stored))).sample
    np.testing.assert_array_equal(kind.to_stored(floats), stored)
    assert clips((32, 8, 8, 3)).pictures(np.zeros((1, 32, 8, 8, 3), np.uint8)).shape[2] == 48


def test_all_frames_of_a_clip_are_mirrored_alike():
    batch = Batch(jnp.arange(40 * 3 * 2 * 2.0).reshape(4, 10, 3, 2, 2, 1))
    made = clips((3, 2, 2, 1), flip=True).augment(Keys(jax.random.key(0)), batch).sample
    same, mirrored = (
        (made == other).all((2, 3, 4, 5)) for other in (batch.sample, batch.sample[..., ::-1, :])
    )
    assert (same ^ mirrored).all() and 8 < int(mirrored.sum()) < 32


def test_a_crop_is_refused():
    fields = {"data.medium": "clips", "data.random_crop": 0.5}
    with pytest.raises(ValueError, match=r"data\.random_crop = 0\.5 with data\.medium = 'clips'"):
        check(config_of(**fields), 1)
