"""Pictures hold the pixels that they were given."""

import sys

import numpy as np
import pytest
from PIL import Image

from jaxgan.media import pictures


def test_png_is_written_whole_or_not_at_all(tmp_path):
    pictures.save_picture(tmp_path / "deep" / "a.png", np.zeros((5, 7, 3), np.uint8))
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["a.png"]  # no temporary file


def test_a_captioned_sheet_holds_the_enlarged_images_right_of_its_captions():
    images = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 1), np.uint8)
    page = np.asarray(pictures.captioned(images, 2, ["first", "a long caption of the second row"]))
    large = pictures.grid(images.repeat(4, 1).repeat(4, 2), 2)
    height, width = large.shape[:2]
    right = page[12 : 12 + height, -12 - width : -12]
    np.testing.assert_array_equal(right, large.repeat(3, 2))
    margin = page[:, : -12 - width]
    assert (margin == 255).mean() > 0.9 and margin.min() < 128  # some ink on white
    headed = np.asarray(pictures.captioned(images, 2, ["a", "b"], ["left", "right"]))
    np.testing.assert_array_equal(headed[28 : 28 + height, -12 - width : -12], large.repeat(3, 2))
    ink = (headed[:28] < 128).any((0, 2))[-12 - width : -12].reshape(2, -1)  # over each column
    assert ink.any(1).all() and not page[:12].min() < 255


def test_a_gif_has_every_frame_and_repeats(tmp_path):
    frames = np.zeros((5, 64, 64, 1), np.uint8)
    frames[np.arange(5), 10 * np.arange(5)] = 255
    pictures.save_film(tmp_path / "a.gif", frames, rate=20)
    with Image.open(tmp_path / "a.gif") as film:
        assert film.n_frames == 5 and film.info["loop"] == 0 and film.info["duration"] == 50
        for i, frame in enumerate(frames):
            film.seek(i)
            np.testing.assert_array_equal(np.asarray(film.convert("L")), frame[..., 0])


def test_a_film_of_another_kind_is_refused(tmp_path, monkeypatch):
    frames = np.zeros((2, 8, 8, 3), np.uint8)
    with pytest.raises(ValueError, match=r"walk.avi: .*\.gif or \.mp4"):
        pictures.save_film(tmp_path / "walk.avi", frames)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ValueError, match=r"needs PyAV: pip install av, or write a \.gif"):
        pictures.save_film(tmp_path / "walk.mp4", frames)
    assert not list(tmp_path.iterdir())


def test_an_mp4_plays_every_frame_in_order_and_colour(tmp_path):
    av = pytest.importorskip("av")
    frames = np.zeros((5, 65, 66, 3), np.uint8)
    frames[np.arange(5), :, :, [0, 1, 2, 0, 1]] = [[[250]], [[200]], [[150]], [[100]], [[220]]]
    pictures.save_film(tmp_path / "walk.mp4", frames, rate=25)
    with av.open(str(tmp_path / "walk.mp4")) as film:
        stream = film.streams.video[0]
        assert (stream.average_rate, stream.codec_context.name) == (25, "h264")
        shown = np.stack([f.to_ndarray(format="rgb24") for f in film.decode(stream)])
    assert shown.shape == (5, 64, 66, 3)
    # Colour goes through 8-bit luminance and chrominance.
    np.testing.assert_allclose(shown, frames[:, :64], atol=12)


@pytest.mark.parametrize("name,kind", [("a.png", "PNG"), ("a.jpg", "JPEG"), ("a.JPEG", "JPEG")])
def test_the_name_says_the_format(name, kind, tmp_path):
    image = np.full((8, 8, 4), 200, np.uint8)
    pictures.save_picture(tmp_path / name, image)
    with Image.open(tmp_path / name) as found:
        assert found.format == kind and found.mode == ("RGBA" if kind == "PNG" else "RGB")
        assert np.abs(np.asarray(found)[..., :3].astype(int) - 200).max() <= 2


def test_a_name_without_a_picture_format_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"a\.tiff: a picture; write a name that ends in \.png or"):
        pictures.save_picture(tmp_path / "a.tiff", np.zeros((4, 4, 1), np.uint8))
