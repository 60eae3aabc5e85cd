"""Films in files: videos give the frames that were written, turned as their header says."""

import numpy as np
import pytest
from PIL import Image

from jaxgan.data.prepare.prepare import prepare
from jaxgan.media import films
from jaxgan.media.image_files import BadImageError
from tests.data.image_kinds import stored_images


def drawn(count=9, height=32, width=48, seed=0):
    """Return frames with two blocks of colour that move: near to themselves after compression."""
    rng = np.random.default_rng(seed)
    found = np.zeros((count, height, width, 3), np.uint8)
    found[:] = rng.integers(40, 90, 3)
    for t, frame in enumerate(found):
        frame[4:16, 2 * t : 2 * t + 12] = (220, 60, 60)
        frame[20:30, 30 - 2 * t : 44 - 2 * t] = (60, 60, 220)
    return found


def video(path, frames, codec="libx264", rate=10):
    av = pytest.importorskip("av")
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as film:
        stream = film.add_stream(codec, rate=rate, options={"crf": "8"})
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt, stream.bit_rate = "yuv420p", 4_000_000
        for frame in frames:
            film.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        film.mux(stream.encode(None))
    return path


def off(found, expected):
    return np.abs(np.float32(found) - np.float32(expected)).mean()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name,codec", [("a.mp4", "libx264"), ("a.mkv", "libx264"), ("a.avi", "mpeg4")]
)
def test_frames_of_a_video_are_those_that_were_written(tmp_path, name, codec):
    written = drawn()
    path = video(tmp_path / name, written, codec)
    kind, count = films.inspect(path)
    assert (kind.height, kind.width, kind.channels, count) == (32, 48, 3, 9)
    found = list(films.frames(path, (1, 4, 8), 3))
    for frame, place in zip(found, (1, 4, 8), strict=True):
        apart = [off(frame, x) for x in written]
        assert np.argmin(apart) == place and apart[place] < 5
    (gray,) = films.frames(path, (2,), 1)
    assert gray.shape == (32, 48, 1)
    with pytest.raises(BadImageError, match="it ends before frame 9"):
        list(films.frames(path, (8, 9), 3))


@pytest.mark.slow
def test_a_video_is_turned_as_its_header_says(tmp_path):
    """The matrix of a track, [a b u; c d v; x y w], sends (x, y) to (a x + c y, b x + d y): with
    b = 1 and c = -1 what pointed right points down, a quarter clockwise (ISO/IEC 14496-12)."""
    written = drawn()
    path = video(tmp_path / "a.mp4", written)
    data = path.read_bytes()
    header = data.index(b"tkhd") + 4
    matrix = header + 40  # after version, times, number, duration, layer and volume
    one = (0x10000).to_bytes(4, "big", signed=True)
    assert data[matrix : matrix + 4] == one == data[matrix + 16 : matrix + 20]
    zero, minus = bytes(4), (-0x10000).to_bytes(4, "big", signed=True)
    last = (0x40000000).to_bytes(4, "big")
    quarter = zero + one + zero + minus + zero + zero + zero + zero + last
    path.write_bytes(data[:matrix] + quarter + data[matrix + 36 :])
    kind, _ = films.inspect(path)
    (frame,) = films.frames(path, (3,), 3)
    assert (kind.height, kind.width) == frame.shape[:2] == (48, 32)
    assert off(frame, np.rot90(written[3], -1)) < 4 < 20 < off(frame, np.rot90(written[3]))


@pytest.mark.slow
def test_prepare_cuts_videos_and_names_what_is_damaged(tmp_path):
    good, bad = drawn(13), tmp_path / "in" / "b" / "bad.mp4"
    video(tmp_path / "in" / "a" / "good.mp4", good)
    bad.parent.mkdir()
    bad.write_bytes(b"no film at all" * 40)
    sizes = {"frames": 4, "stride": 1, "order": "source"}
    manifest = prepare(tmp_path / "in", tmp_path / "out", **sizes)
    assert manifest["files"] == [3] and list(manifest["rejected"]) == ["b/bad.mp4[0]"]
    found = stored_images(tmp_path / "out")
    assert found.shape == (3, 4, 32, 48, 3) and off(found, good[:12].reshape(found.shape)) < 4


def test_a_film_is_read_once_and_a_damaged_end_costs_the_clips_behind_it(tmp_path, monkeypatch):
    path = tmp_path / "in" / "film.gif"
    path.parent.mkdir()
    frames = np.random.default_rng(0).integers(0, 2, (12, 8, 8, 3)).astype(np.uint8) * 255
    first, *rest = map(Image.fromarray, frames)
    first.save(path, save_all=True, append_images=rest, duration=50)
    opened, read = [], films.frames

    def breaking(path, places, *args):
        opened.append(path)
        for place, frame in zip(places := list(places), read(path, places, *args), strict=True):
            if place == 5:
                raise BadImageError("damaged")
            yield frame

    monkeypatch.setattr(films, "frames", breaking)
    manifest = prepare(path.parent, tmp_path / "out", frames=4, order="source")
    assert len(opened) == 1
    assert manifest["rejected"] == {"film.gif[1]": "damaged", "film.gif[2]": "damaged"}
    np.testing.assert_array_equal(stored_images(tmp_path / "out"), frames[None, :4])


def test_videos_without_pyav_are_refused_with_the_command(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "film.mp4").write_bytes(b"film")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        ValueError, match=r"film.mp4: videos need PyAV: pip install 'jaxgan\[video\]'"
    ):
        prepare(tmp_path / "in", tmp_path / "out", frames=4)
