"""Atomic replacement of files: the only way in which jaxgan replaces one.

The promise: whoever opens the path finds either the old content or all of the new one, even after a
power cut and while several processes write the same path. Whatever fails, the old file stays and no
other file is left beside it. Only a process that is killed while it writes leaves its temporary
file, a hidden one; `sweep` removes those.
"""

import contextlib
import hashlib
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from jaxgan.files import limits

SUFFIX = ".jaxgan-tmp"
KEPT = (".npz", ".safetensors", ".stablehlo")
ABANDONED = 86_400.0  # seconds: no file takes a day to write


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a new path beside `path` to write to; when the block ends it replaces `path`.

    Missing parent folders are created. What is not a regular file, such as /dev/stdout, is written
    directly.

    Raises:
      IsADirectoryError: `path` is a folder.
      OSError: `path` cannot be written.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder: write the name of a file")
    if path.exists() and not path.is_file():
        yield path
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{secrets.token_hex(8)}{SUFFIX}")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        is_full = error.filename is None and error.errno in limits.FULL
        if is_full or error.filename == str(temporary):
            error.filename = str(path)  # the name that the user knows
        raise
    finally:
        temporary.unlink(missing_ok=True)
    sync(path.parent)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file, replacing the old one; see `replacing`."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write text to a file as UTF-8, replacing the old one; see `replacing`."""
    write_bytes(path, text.encode())


def sync(folder: Path) -> None:
    """Make renames in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(folder: Path, abandoned: float = ABANDONED) -> None:
    """Remove temporary files that killed processes left in a folder.

    abandoned: age in seconds from which a temporary file counts as left behind.
    """
    for path in folder.glob(f".*{SUFFIX}"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime >= abandoned:
                path.unlink()


def check_output(
    path: Path, field: str = "--output", endings: Sequence[str] = (), force: bool = False
) -> str:
    """Refuse, before any work is done, an output file that cannot be written or must be kept.

    An existing picture or page is replaced, and the command says so. An existing file of arrays
    (KEPT) is replaced only with `force` (--force): it may be all that is left of a run.

    Args:
      endings: the allowed endings of the name; empty for any. Devices, such as /dev/stdout, need
        none.

    Returns:
      What the command adds to its line about the file: "" where nothing is replaced.

    Raises:
      ValueError: one line that says what to write instead.
    """
    if path.is_dir():
        raise ValueError(f"{field}={path} is a folder: write the name of a file")
    is_device = path.exists() and not path.is_file()
    if endings and path.suffix.lower() not in endings and not is_device:
        raise ValueError(f"{field}={path}: write a name that ends in {' or '.join(endings)}")
    above = next(p for p in path.absolute().parents if p.exists())
    if not above.is_dir():
        raise ValueError(f"{field}={path}: {above} is a file: write another path")
    if not os.access(path if path.exists() else above, os.W_OK):
        raise ValueError(f"{field}={path} cannot be written: write a path where you may write")
    if not path.is_file():
        return ""
    if path.suffix.lower() in KEPT and not force:
        raise ValueError(
            f"{field}: {path} is there already: write --force to replace it, or another name"
        )
    return " (it replaces the file that was there)"


def check_outputs(paths: Iterable[Path], force: bool = False) -> str:
    """Check the files that a command writes, as check_output does; return what it adds to its
    line."""
    count = sum(bool(check_output(path, force=force)) for path in paths)
    return {0: "", 1: " (it replaces the file that was there)"}.get(
        count, f" (they replace {count} files that were there)"
    )


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
