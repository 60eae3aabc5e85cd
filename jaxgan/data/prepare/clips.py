"""Films for `jaxgan prepare FOLDER TARGET --frames=N`: animations and videos become clips.

A film is cut into consecutive clips of N frames, taking every `--stride`-th frame; the rest at its
end is dropped. Frames count as they are stored (media/films.py). Rejected, by name: films that are
too short, and clips in which nothing moves.
"""

import dataclasses
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from jaxgan.data.prepare.folders import Payload, Source, open_folder
from jaxgan.data.prepare.listing import FILMS
from jaxgan.data.prepare.survey import Size, only_size
from jaxgan.files import limits
from jaxgan.files.errors import one_line
from jaxgan.media import films
from jaxgan.media.image_files import WHITE, BadImageError, Kind
from jaxgan.media.resize import fit

MOST_FRAMES = 1024  # per clip


@dataclasses.dataclass(frozen=True)
class Cut:
    """How clips are cut: `frames` of them, every `stride`-th, each resized to `size`."""

    frames: int
    stride: int
    size: Size
    channels: int
    crop: str = "center"
    resize: str = "area"
    background: tuple[int, int, int] = WHITE

    @property
    def span(self) -> int:
        """Number of frames of a film that a clip spans."""
        return self.frames * self.stride

    def clips(self, length: int) -> int:
        """Return the number of clips, good or bad, from a film of `length` frames."""
        return max(length // self.span, 1)


def open_clips(
    folder: Path,
    frames: int,
    stride: int = 1,
    size: Size | None = None,
    channels: int | None = None,
    crop: str = "center",
    resize: str = "area",
    background: tuple[int, int, int] = WHITE,
    labels: Path | None = None,
) -> Source:
    """Open the films of a folder as clips; its sub-folders are classes.

    Args:
      frames, stride: see above.
      size: (height, width) of a clip; None takes the films' own, which must be one.
      channels: 1 or 3; None for 3 if any film has colour.
      crop, resize, background: as for images.
      labels: a CSV file of name,label lines instead of the sub-folders.

    Raises ValueError or FileNotFoundError, with one line on what to write instead.
    """
    for name, value in (("frames", frames), ("stride", stride)):
        if not 1 <= value <= MOST_FRAMES:
            raise ValueError(f"{name} is {value}; write a number from 1 to {MOST_FRAMES}")
    if channels not in (None, 1, 3):
        raise ValueError(f"channels is {channels}; for clips write 1 (gray) or 3")
    if not folder.is_dir():
        raise ValueError(f"{folder}: films are read from a folder; unpack it, or write another")
    source = open_folder(folder, labels, FILMS)
    paths = [path for path in source.read(0) if isinstance(path, Path)]
    films.refuse_videos(paths)
    kinds = [_look(path) for path in paths]
    known = [kind for kind, _ in kinds if kind]
    size = size or only_size(known)
    channels = channels or (3 if any(kind.channels >= 3 for kind in known) else 1)
    cut = Cut(frames, stride, size, channels, crop, resize, background)
    lengths = [length for _, length in kinds]
    counts = [cut.clips(length) for length in lengths]
    files = np.repeat(np.arange(len(paths)), counts)
    starts = np.concatenate([[0], np.cumsum(counts)])

    def read(start: int) -> Iterator[Payload]:
        first = int(np.searchsorted(starts, start, side="right")) - 1
        for number in range(first, len(paths)):
            begin = max(start - int(starts[number]), 0)
            yield from clips_of(paths[number], lengths[number], begin, cut)

    return dataclasses.replace(
        source,
        names=[f"{source.names[f]}[{i}]" for f, n in enumerate(counts) for i in range(n)],
        labels=source.labels[files],
        read=read,
        shape=(frames, *size, channels),
        dtype=np.dtype(np.uint8),
        facts={"medium": "clips", "stride": stride},
        files=files,
    )


def _look(path: Path) -> tuple[Kind | None, int]:
    """Return the kind of a film, from its header, and its number of frames; (None, 0) for a bad
    one."""
    try:
        return films.inspect(path)
    except (BadImageError, OSError) as error:
        limits.pass_on(error)
        return None, 0


def clips_of(path: Path, length: int, first: int, cut: Cut) -> Iterator[np.ndarray | BadImageError]:
    """Yield the clips of a film of `length` frames from clip number `first` on, [frames, *size,
    channels] uint8, or why a clip is bad. The film is read once."""
    if 0 < length < cut.span:
        yield BadImageError(f"{length} frames; a clip needs {cut.span}")
        return
    starts = range(first * cut.span, cut.clips(length) * cut.span, cut.span)
    places = (start + i for start in starts for i in range(0, cut.span, cut.stride))
    read = films.frames(path, places, cut.channels, cut.background)
    bad: BadImageError | None = None  # an error that ends a film is the reason for all later clips
    for _ in starts:
        try:
            found = None if bad else clip_of(list(islice(read, cut.frames)), cut)
        except (BadImageError, OSError) as error:
            limits.pass_on(error)
            bad = error if isinstance(error, BadImageError) else BadImageError(one_line(error))
            found = None
        yield found if found is not None else bad or BadImageError("no frames")


def clip_of(found: list[np.ndarray], cut: Cut) -> np.ndarray | BadImageError:
    """Return frames as a clip, or why they are not one."""
    clip = np.stack([fit(frame, cut.size, cut.crop, cut.resize) for frame in found])
    if cut.frames > 1 and (clip == clip[:1]).all():
        return BadImageError("nothing moves")
    return clip
