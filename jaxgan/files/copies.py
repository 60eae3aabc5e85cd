"""A data set in an object store, copied once to this machine.

Records are read at random, each of them in every epoch, and the reader of ArrayRecord files maps
files. So the folder that holds dataset_info.json is copied to the user's cache folder, and a later
run copies only what has changed in the store since.

    CACHE/data/HASH OF THE URL/NAME/...     the files; NAME is the last word of the URL
    CACHE/data/HASH OF THE URL/copied.jsonl   a line for each that is complete
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
    """Return a folder of this machine with the data set at a URL, or one or two levels below it.

    Raises:
      FileNotFoundError, ValueError: there is none, or there are several.
      OSError: the store does not answer, or this machine has no space.
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
    """Return the folder of the data set among names, "" or with a slash at its end."""
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
    """Return whether a file is the copy of an object as it is in the store now."""
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
