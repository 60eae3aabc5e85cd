"""Sounds for `jaxgan prepare FOLDER TARGET --window=N`: files are cut into windows of one length.

A file is cut into windows that start at 0, hop, 2 hop, ... and lie inside it; the rest at its end
is dropped. A file shorter than a window gives one, padded with silence. Channels are averaged,
other sampling rates resampled. With --normalise=peak, a file is first scaled so that its largest
sample is full scale. A window whose largest sample is below a thousandth of that is rejected as
silent.
"""

import collections
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from jaxgan.data.prepare.folders import Payload, Source, open_folder
from jaxgan.data.prepare.listing import SOUNDS
from jaxgan.files import limits
from jaxgan.files.errors import one_line
from jaxgan.media.image_files import BadImageError
from jaxgan.media.sounds import Sound, inspect_sound, needs_soundfile, read_sound, resampled
from jaxgan.media.waves import to_stored

SILENT = 1e-3  # of full scale, -60 dB
NORMALISE = ("none", "peak")
MOST_SAMPLES = 1 << 24  # per window


def open_waves(
    folder: Path,
    window: int,
    rate: int | None = None,
    hop: int | None = None,
    normalise: str = "none",
    labels: Path | None = None,
) -> Source:
    """Open the sounds of a folder as windows; its sub-folders are classes.

    Args:
      window, hop: in samples; hop None is the window, so that windows do not overlap.
      rate: samples per second of the windows; None takes the files' own, which must be one.
      normalise: "none" or "peak", see above.
      labels: a CSV file of name,label lines instead of the sub-folders.

    Raises:
      ValueError, FileNotFoundError: with one line on what to write instead.
    """
    hop = window if hop is None else hop
    for name, value in (("window", window), ("hop", hop), ("rate", 1 if rate is None else rate)):
        if not 1 <= value <= MOST_SAMPLES:
            raise ValueError(f"{name} is {value}; write a number from 1 to {MOST_SAMPLES}")
    if normalise not in NORMALISE:
        raise ValueError(f"normalise is {normalise!r}; write one of {', '.join(NORMALISE)}")
    if not folder.is_dir():
        raise ValueError(f"{folder}: sounds are read from a folder; unpack it, or write another")
    source = open_folder(folder, labels, SOUNDS)
    paths = [path for path in source.read(0) if isinstance(path, Path)]
    packed = [path for path in paths if needs_soundfile(path)]
    if packed:
        raise ValueError(
            f"{folder}: {len(packed)} files are FLAC or OGG, such as {packed[0].name!r}, which "
            "need soundfile: pip install soundfile, or give WAV files"
        )
    headers = [_header(path) for path in paths]
    own_rate = rate or _one_rate(folder, headers)
    counts = [_windows(header, window, hop, own_rate) for header in headers]
    files = np.repeat(np.arange(len(paths)), counts)
    starts = np.concatenate([[0], np.cumsum(counts)])

    def read(start: int) -> Iterator[Payload]:
        first = int(np.searchsorted(starts, start, side="right")) - 1
        for number in range(first, len(paths)):
            found = _cut(paths[number], counts[number], window, hop, own_rate, normalise)
            yield from found[max(start - int(starts[number]), 0) :]

    names = [
        f"{source.names[number]}[{index}]"
        for number, count in enumerate(counts)
        for index in range(count)
    ]
    return dataclasses.replace(
        source,
        names=names,
        labels=source.labels[files],
        read=read,
        shape=(window, 1),
        dtype=np.dtype(np.int16),
        facts={"medium": "waves", "rate": own_rate},
        files=files,
    )


def _header(path: Path) -> Sound | None:
    """Return the kind of a sound, from its header; None for a file that is rejected later."""
    try:
        return inspect_sound(path)
    except (ValueError, OSError) as error:
        limits.pass_on(error)
        return None


def _one_rate(folder: Path, headers: list[Sound | None]) -> int:
    rates = collections.Counter(header.rate for header in headers if header)
    if not rates:
        raise ValueError(f"{folder}: none of {len(headers)} sounds can be read")
    if len(rates) > 1:
        most = ", ".join(f"{rate} ({count:,})" for rate, count in rates.most_common(3))
        raise ValueError(
            f"{folder}: sounds have {len(rates)} sampling rates, such as {most}; write one for "
            f"all: --rate={rates.most_common(1)[0][0]}"
        )
    return next(iter(rates))


def _windows(header: Sound | None, window: int, hop: int, rate: int) -> int:
    """Return the number of windows of a file; one, which is rejected, if it cannot be read."""
    if header is None:
        return 1
    frames = -(-header.frames * rate // header.rate)
    return max((frames - window) // hop, 0) + 1


def _cut(
    path: Path, count: int, window: int, hop: int, rate: int, normalise: str
) -> list[np.ndarray | BadImageError]:
    """Return the windows of a file, [window, 1] int16, or why they are rejected."""
    try:
        own_rate = inspect_sound(path).rate
        sound = resampled(read_sound(path).mean(1, keepdims=True), own_rate, rate)
    except (ValueError, OSError) as error:
        limits.pass_on(error)
        return [BadImageError(one_line(error))] * count
    peak = np.abs(sound).max(initial=0)
    if normalise == "peak" and peak > 0:
        sound = sound / peak
    found = []
    for start in range(0, count * hop, hop):
        part = sound[start : start + window]
        if np.abs(part).max(initial=0) < SILENT:
            found.append(BadImageError("silent"))
        else:
            found.append(to_stored(np.pad(part, ((0, window - len(part)), (0, 0)))))
    return found
