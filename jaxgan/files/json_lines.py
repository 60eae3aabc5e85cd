"""Files of JSON lines: one object per line, appended while something runs.

A process that is killed while it appends leaves a last line without a line break. Reading skips
that line, and appending overwrites it. Any other line that is not a JSON object is damage, and the
error names it.
"""

import contextlib
import fcntl
import json
import os
from pathlib import Path
from typing import Any

from jaxgan.files import atomic

Line = dict[str, Any]


def append(path: Path, values: Line) -> None:
    """Append a line; it is on the disk when this returns. Several processes may append to one file.

    Raises:
      OSError: the file cannot be written.
    """
    with open(path, "a+b") as file:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(file, fcntl.LOCK_EX)
        end = file.seek(0, os.SEEK_END)
        if end and (file.seek(end - 1), file.read())[1] != b"\n":
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)
        file.write(json.dumps(values).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def read(path: Path) -> list[Line]:
    """Return all lines of a file; [] if there is no file.

    Raises:
      ValueError: a line that is not a JSON object; the message names the file and the line.
    """
    if not path.exists():
        return []
    *whole, _ = path.read_bytes().split(b"\n")
    lines = []
    for number, text in enumerate(whole, 1):
        if not text.strip():
            continue
        try:
            line = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{path} line {number} is not JSON in UTF-8: {error}") from None
        if not isinstance(line, dict):
            raise ValueError(f"{path} line {number} is not a JSON object")
        lines.append(line)
    return lines


def write(path: Path, lines: list[Line]) -> None:
    """Write a file of these lines, replacing the old one."""
    atomic.write_text(path, "".join(json.dumps(line) + "\n" for line in lines))


def drop_after(path: Path, step: int) -> None:
    """Remove the lines whose "step" is later, and a last line that was cut short."""
    if path.exists():
        write(path, [line for line in read(path) if line["step"] <= step])
