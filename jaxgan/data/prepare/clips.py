"""Films for `jaxgan prepare FOLDER TARGET --frames=N`: animated GIF, WebP and PNG become clips.

A film gives the clips of N frames that follow each other in it, of every `--stride`-th frame; what
is left at its end is left out. Frames count as they are stored, however long each is shown (many
programs store equal frames once). Rejected, by name: films that are too short, and clips in which
nothing moves.
"""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from jaxgan.data.prepare.folders import Payload, Source, open_folder
from jaxgan.data.prepare.listing import FILMS
from jaxgan.data.prepare.survey import Size, only_size
from jaxgan.files import limits
from jaxgan.files.errors import one_line
from jaxgan.media.image_files import (
    WHITE,
    BadImageError,
    Kind,
    count_frames,
    inspect,
    read_frames,
)
from jaxgan.media.resize import fit

MOST_FRAMES = 1024  # of a clip


@dataclasses.dataclass(frozen=True)
class Cut:
    """How clips are cut: `frames` of them, every `stride`-th, each brought to `size`."""

    frames: int
    stride: int
    size: Size
    channels: int
    crop: str = "center"
    resize: str = "area"
    background: tuple[int, int, int] = WHITE

    @property
    def span(self) -> int:
        """How many frames of a film a clip takes."""
        return self.frames * self.stride


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
    """Open the films of a folder, the sub-folders of which are classes, as clips.

    Args:
      frames, stride: see above.
      size: (height, width) of a clip; None takes the films' own, which must be one.
      channels: 1 or 3; None for 3 where any film has colour.
      crop, resize, background: as of images.
      labels: a CSV file of name,label lines in place of the sub-folders.

    Raises ValueError or FileNotFoundError: with one line that says what to write instead.
    """
    for name, value in (("frames", frames), ("stride", stride)):
        if not 1 <= value <= MOST_FRAMES:
            raise ValueError(f"{name} is {value}; write a number from 1 to {MOST_FRAMES}")
    if channels not in (None, 1, 3):
        raise ValueError(f"channels is {channels}; of clips write 1 (gray) or 3")
    if not folder.is_dir():
        raise ValueError(f"{folder}: films are read from a folder; unpack it, or write another")
    source = open_folder(folder, labels, FILMS)
    paths = [path for path in source.read(0) if isinstance(path, Path)]
    kinds = [_look(path) for path in paths]
    known = [kind for kind, _ in kinds if kind]
    size = size or only_size(known)
    channels = channels or (3 if any(kind.channels >= 3 for kind in known) else 1)
    cut = Cut(frames, stride, size, channels, crop, resize, background)
    counts = [max(count // cut.span, 1) for _, count in kinds]
    files = np.repeat(np.arange(len(paths)), counts)
    starts = np.concatenate([[0], np.cumsum(counts)])

    def read(start: int) -> Iterator[Payload]:
        first = int(np.searchsorted(starts, start, side="right")) - 1
        for number in range(first, len(paths)):
            for index in range(max(start - int(starts[number]), 0), counts[number]):
                yield clip_of(paths[number], index, cut)

    return dataclasses.replace(
        source,
        names=[f"{source.names[f]}[{i}]" for f, n in enumerate(counts) for i in range(n)],
        labels=source.labels[files],
        read=read,
        shape=(frames, *size, channels),
        dtype=np.dtype(np.uint8),
        facts={"medium": "clips"},
        files=files,
    )


def _look(path: Path) -> tuple[Kind | None, int]:
    """Return what a film's header says and how many frames it has; None for one that is bad."""
    try:
        return inspect(path), count_frames(path)
    except (BadImageError, OSError) as error:
        limits.pass_on(error)
        return None, 0


def clip_of(path: Path, index: int, cut: Cut) -> np.ndarray | BadImageError:
    """Return clip number `index` of a film, [frames, *size, channels] uint8, or why it is bad."""
    try:
        count = count_frames(path)
        if count < cut.span:
            return BadImageError(f"{count} frames, of which a clip takes {cut.span}")
        places = range(index * cut.span, (index + 1) * cut.span, cut.stride)
        found = read_frames(path, places, cut.channels, cut.background)
    except (BadImageError, OSError) as error:
        limits.pass_on(error)
        return BadImageError(one_line(error))
    clip = np.stack([fit(frame, cut.size, cut.crop, cut.resize) for frame in found])
    if cut.frames > 1 and (clip == clip[:1]).all():
        return BadImageError("nothing moves")
    return clip
