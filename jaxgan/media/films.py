"""Film files: animated GIF, WebP and PNG through Pillow, videos through PyAV (the extra `video`).

Frames are numbered in display order, whatever their durations: many programs store equal frames of
an animation only once. A video is rotated as its file says (phones store films sideways).
"""

import importlib.util
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from jaxgan.files import limits
from jaxgan.files.errors import one_line
from jaxgan.media import image_files
from jaxgan.media.image_files import WHITE, BadImageError, Kind

ANIMATIONS = (".gif", ".webp", ".png", ".apng")
VIDEOS = (".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi")


def refuse_videos(paths: Iterable[Path]) -> None:
    """Raise ValueError if a file needs PyAV and it is not installed."""
    if importlib.util.find_spec("av") is None:
        for path in paths:
            if path.suffix.lower() in VIDEOS:
                raise ValueError(f"{path}: videos need PyAV: pip install 'jaxgan[video]'")


def inspect(path: Path) -> tuple[Kind, int]:
    """Return what a film's header says, and its number of frames. Raises BadImageError."""
    if path.suffix.lower() not in VIDEOS:
        return image_files.inspect(path), image_files.count_frames(path)
    first = next(_read(path, lambda film: film.decode(video=0)), None)
    if first is None:
        raise BadImageError("no frames")
    height, width = _pixels(first, 1).shape[:2]
    channels = 1 if first.format.name.startswith("gray") else 3
    packets = _read(path, lambda film: film.demux(video=0))
    return Kind(height, width, channels, 8), sum(packet.size > 0 for packet in packets)


def frames(
    path: Path, places: Iterable[int], channels: int, background: tuple[int, int, int] = WHITE
) -> Iterator[np.ndarray]:
    """Yield the frames at these increasing indices, each [height, width, channels] uint8.

    channels: 1 or 3. background: the colour behind transparent pixels. Raises BadImageError.
    """
    if path.suffix.lower() not in VIDEOS:
        yield from image_files.frames(path, places, channels, background)
        return
    decoded = enumerate(_read(path, lambda film: film.decode(video=0)))
    for place in places:
        found = next((frame for number, frame in decoded if number == place), None)
        if found is None:
            raise BadImageError(f"it ends before frame {place}")
        yield _pixels(found, channels)


def _read(path: Path, what: Any) -> Iterator[Any]:
    """Yield packets or frames of a video: what(container). Raises BadImageError."""
    import av

    try:
        with av.open(str(path), "r") as film:
            yield from what(film)
    except Exception as error:  # PyAV raises many kinds on damaged bytes
        limits.pass_on(error)
        raise BadImageError(one_line(error)) from error


def _pixels(frame: Any, channels: int) -> np.ndarray:
    """Return a decoded frame as it should be displayed, [height, width, channels] uint8."""
    pixels = frame.to_ndarray(format="gray" if channels == 1 else "rgb24")
    turned = np.rot90(pixels, frame.rotation // 90)  # both count counter-clockwise
    return np.ascontiguousarray(turned).reshape(*turned.shape[:2], channels)
