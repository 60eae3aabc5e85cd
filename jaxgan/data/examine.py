"""A look at every image of a data set, for `jaxgan doctor`: what is wrong, and what is done about
it.

Prepared records are decoded as in training; a folder, an archive or arrays are read as by
`jaxgan prepare`. Nothing is changed or written.
"""

import collections
import hashlib
import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from jaxgan.data.prepare.folders import Payload, Source
from jaxgan.data.prepare.parallel import ordered
from jaxgan.data.records import BadRecordError, Records
from jaxgan.files import limits
from jaxgan.files.errors import one_line
from jaxgan.media.decode import decode_record
from jaxgan.media.image_files import FORMATS, BadImageError, inspect, read_picture

RARE = 20  # images: a class with fewer is reported
UNEVEN = 10  # times the smallest class: a larger class is reported
# Entries of a manifest that `jaxgan prepare DATA_SET TARGET` refuses or drops.
MADE_OF_FILES = {"medium", "source_channels", "map_classes", "text_dim"}


class Finding(NamedTuple):
    """One thing that was found.

    is_error: training or preparing would stop, or do something unintended.
    """

    is_error: bool
    text: str


class Look(NamedTuple):
    """One image: its name, the hash of its content, its size without channels, its oddities, and
    why it is bad."""

    name: str
    digest: bytes
    size: tuple[int, ...] | None = None
    oddities: tuple[str, ...] = ()
    problem: str = ""


def examine_records(records: Records, on_bad_record: str) -> list[Finding]:
    """Decode every record of a prepared data set; return what was found."""
    becomes = {
        "stop": "training stops there (data.on_bad_record = 'stop')",
        "skip": "the next good record is used instead, counted and logged",
    }[on_bad_record]
    labels = np.full(len(records), -1, np.int32)
    looks = in_threads(lambda index: record_look(records, index, labels), range(len(records)))
    manifest = records.manifest() or {}
    if "environment" in manifest:
        return summary(looks, becomes)  # of transitions, whose labels are actions
    known = labels[labels >= 0]
    findings = [*summary(looks, becomes), *labels_summary(known, records.class_names)]
    files = records.files()
    if is_sorted_by_class(known if files is None else by_file(labels, files)):
        remedy = (
            "prepare the original files again, without --order=source"
            if MADE_OF_FILES & manifest.keys()
            else f"write them shuffled: `jaxgan prepare {records.directory} TARGET "
            f"--split={whole_splits(records.split)}`"
        )
        findings.append(
            Finding(True, f"{records.directory}: records are sorted by class, so a slice such as "
                    f"train[95%:] holds one or two classes only; {remedy}")
        )  # fmt: skip
    return findings


def by_file(labels: np.ndarray, files: np.ndarray) -> np.ndarray:
    """Return the label of each file, of its first readable record, in order.

    Args:
      labels: of each record, [n]; -1 if it cannot be read. files: the number of its file, [n].
    """
    files, labels = files[labels >= 0], labels[labels >= 0]
    return labels[np.diff(files, prepend=-1) != 0]


def whole_splits(split: str) -> str:
    """Return a split without its slices.

    >>> whole_splits("train[:5%]+train[6%:]")
    'train'
    """
    return "+".join(dict.fromkeys(part.partition("[")[0] for part in split.split("+")))


def is_sorted_by_class(labels: np.ndarray) -> bool:
    """Return whether equal labels [n] follow each other far more often than in a random order."""
    if not len(labels):
        return False
    shares = np.bincount(labels) / len(labels)
    runs = 1 + np.count_nonzero(np.diff(labels))
    most = 0.25 * len(labels) * (1 - np.sum(shares**2))  # a random order has 4 times as many
    return bool(runs < most)


def record_look(records: Records, index: int, labels: np.ndarray) -> Look:
    """Decode one record; write its label to `labels`."""
    where = records.location(index)
    try:
        data, labels[index] = records.read([index])[0]
        image = decode_record(data, records.features)
    except BadRecordError as error:
        return Look(where, b"", problem=one_line(error).removeprefix(f"{where} "))
    except Exception as error:  # Pillow raises many kinds on damaged bytes
        limits.pass_on(error)
        return Look(where, b"", problem=one_line(error))
    return Look(where, hashlib.sha256(image.tobytes()).digest(), image.shape[:-1])


def examine_source(source: Source) -> list[Finding]:
    """Read every image that `jaxgan prepare` would read; return what was found."""
    looks = in_threads(picture_look, source.names, source.read(0))
    good = [not look.problem for look in looks]
    findings = summary(looks, "`jaxgan prepare` leaves it out and lists it in manifest.json")
    findings += [
        Finding(False, f"{name}: left out, {reason}") for name, reason in source.ignored.items()
    ]
    findings += [Finding(False, note) for note in source.notes]
    findings += [
        Finding(True, f"class folder {name!r} is empty: it becomes no class")
        for name in source.empty
    ]
    return findings + labels_summary(source.labels[: len(good)][good], source.class_names)


def picture_look(name: str, payload: Payload) -> Look:
    """Read one image of a source."""
    if isinstance(payload, np.ndarray):
        return Look(name, hashlib.sha256(payload.tobytes()).digest(), payload.shape[:-1])
    try:
        if isinstance(payload, Exception):
            raise payload
        kind = inspect(payload)
        read_picture(payload, 3)
        data = payload.read_bytes() if isinstance(payload, Path) else payload
    except (BadImageError, OSError) as error:
        limits.pass_on(error)
        return Look(name, b"", problem=one_line(error))
    size, digest = (kind.height, kind.width), hashlib.sha256(data).digest()
    deep = ("16-bit colour: read at 8 bits (uint16 arrays keep them)",) * kind.is_deep_colour
    return Look(name, digest, size, (*deep, *oddities(data)))


def oddities(data: bytes) -> Iterator[str]:
    """Yield each property of an image that is not kept, and what is done instead."""
    with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
        if picture.mode == "CMYK":
            yield "CMYK: converted to RGB"
        if picture.mode in ("P", "PA"):
            yield "palette: converted to RGB"
        if picture.mode == "1":
            yield "bilevel: converted to gray"
        if picture.mode.startswith("I"):
            yield "16 bits: cut to 8 where not all images have 16 (--bits=16 keeps them)"
        if picture.has_transparency_data:
            yield "alpha: laid on white (--background; --channels=4 keeps it)"
        if getattr(picture, "n_frames", 1) > 1:
            yield "animated: the first frame is taken"
        if picture.getexif().get(0x0112, 1) != 1:
            yield "EXIF rotation: turned upright"


def in_threads(look: Callable[..., Look], *arguments: Iterable) -> list[Look]:
    """Return look(a, b, ...) for the arguments, called in parallel, in order."""
    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(workers, "jaxgan-examine") as pool:
        return list(ordered(pool, workers, lambda one: look(*one), zip(*arguments, strict=False)))


def summary(looks: list[Look], becomes: str) -> list[Finding]:
    """Return findings on the images themselves: bad ones, sizes, oddities, copies."""
    findings = [Finding(True, f"{x.name}: {x.problem}; {becomes}") for x in looks if x.problem]
    sizes = collections.Counter(x.size for x in looks if x.size)
    most = sizes.most_common(3)
    text = ", ".join(f"{'x'.join(map(str, size))} ({count:,})" for size, count in most)
    if len(sizes) > 3:
        text += f" and {len(sizes) - 3:,} more sizes"
    findings.append(
        Finding(False, f"{sum(sizes.values()):,} of {len(looks):,} can be read: {text}")
    )
    kinds = collections.defaultdict(list)
    for x in looks:
        for oddity in x.oddities:
            kinds[oddity].append(x.name)
    for oddity, names in sorted(kinds.items()):
        findings.append(Finding(False, f"{len(names):,} {oddity}; {some(names)}"))
    copies = collections.defaultdict(list)
    for x in looks:
        if x.digest:
            copies[x.digest].append(x.name)
    twice = [names for names in copies.values() if len(names) > 1]
    if twice:
        extra = sum(len(names) - 1 for names in twice)
        findings.append(
            Finding(False, f"{extra:,} copies of other images: {' = '.join(twice[0][:3])}"
                    "; they are kept, and seen more often")
        )  # fmt: skip
    return findings


def labels_summary(labels: np.ndarray, class_names: Sequence[str]) -> list[Finding]:
    """Return findings on the classes: empty ones, rare ones, imbalance."""
    counts = np.bincount(labels, minlength=len(class_names))
    empty = [class_names[i] for i in np.flatnonzero(counts == 0).tolist()]
    findings = []
    if empty:
        findings.append(
            Finding(True, f"{len(empty)} of {len(class_names)} classes have no image: {some(empty)}"
                    "; the generator learns nothing for them: leave them out")
        )  # fmt: skip
    used = counts[counts > 0]
    if not len(used):
        return [Finding(True, "no image can be read")]
    rare = [
        f"{class_names[i]} ({counts[i]})"
        for i in np.flatnonzero((counts > 0) & (counts < RARE)).tolist()
    ]
    if rare:
        findings.append(
            Finding(False, f"{len(rare)} classes have fewer than {RARE} images: {some(rare)}")
        )
    if used.max() > UNEVEN * used.min():
        findings.append(
            Finding(False, f"classes have from {used.min():,} to {used.max():,} images: "
                    "data.class_balanced = True shows all equally often")
        )  # fmt: skip
    if not findings:
        findings.append(
            Finding(False, f"{len(used)} classes, {used.min():,} to {used.max():,} images")
        )
    return findings


def some(names: Sequence[str], most: int = 3) -> str:
    """Return the first few names, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(map(str, names[:most])) + more
