"""A data set in an object store, copied once to this machine.

Records are read in random order, every one in every epoch, and the reader of ArrayRecord files
needs local files to map. So the folder that holds dataset_info.json is copied to the user's cache
folder, and later runs copy only what has changed in the store since.

    CACHE/data/HASH OF THE URL/NAME/...       the files; NAME is the last part of the URL
    CACHE/data/HASH OF THE URL/copied.jsonl   one line for each complete file
"""

import contextlib
import fcntl
import functools
import hashlib
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any

from jaxgan.files import json_lines
from jaxgan.files.objects import Objects, is_inside

INFO = "dataset_info.json"
AT_ONCE = 8


@functools.cache
def copied(url: str) -> Path:
    """Return a local folder with the data set found at a URL, or one or two levels below it.

    Raises:
      FileNotFoundError: there is no data set.
      ValueError: there are several.
      OSError: the store does not answer, or this machine has no space left.
    """
    objects = Objects(url)
    tags = {name: tag for name, tag in objects.tags().items() if is_inside(name)}
    folder = _data_set(objects.url, tags)
    wanted = {n: t for n, t in tags.items() if folder in ("", n[: len(folder)])}
    place = _cache() / hashlib.sha256(objects.url.encode()).hexdigest()[:16]
    target, done = place / PurePosixPath(objects.url).name, place / "copied.jsonl"
    place.mkdir(exist_ok=True)
    with _alone(place / "lock"):
        have = {line["name"]: line for line in json_lines.read(done)}
        new = [n for n, tag in wanted.items() if not _is_whole(target / n, have.get(n), tag)]

        def one(name: str) -> str:
            objects.download(name, target / name)
            return name

        with ThreadPoolExecutor(AT_ONCE) as pool:
            for count, name in enumerate(pool.map(one, new), 1):
                size = (target / name).stat().st_size
                json_lines.append(done, {"name": name, "tag": wanted[name], "bytes": size})
                print(f"{url}: {count} of {len(new)} files copied to {target}", file=sys.stderr)
        for name in have.keys() - wanted.keys():
            (target / name).unlink(missing_ok=True)
    return target / folder


def _data_set(url: str, names: dict[str, str]) -> str:
    """Return the folder of the one data set among the names: "", or a path that ends in a slash."""
    for depth in range(3):
        found = sorted(
            n.removesuffix(INFO)
            for n in names
            if n.count("/") == depth and PurePosixPath(n).name == INFO
        )
        if len(found) == 1:
            return found[0]
        if found:
            choices = ", ".join(f"{url}/{name}".rstrip("/") for name in found)
            raise ValueError(f"{url} holds several data sets; write one of {choices}")
    raise FileNotFoundError(
        f"{url}: no {INFO} there; write the folder that `jaxgan prepare` or TFDS made"
    )


def _is_whole(path: Path, line: dict[str, Any] | None, tag: str) -> bool:
    """Return whether a file is a complete copy of an object as the store has it now."""
    if line is None or line["tag"] != tag or not path.is_file():
        return False
    return path.stat().st_size == line["bytes"]


def _cache() -> Path:
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jaxgan" / "data"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Let one process at a time copy to a folder."""
    with lock.open("wb") as file:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
