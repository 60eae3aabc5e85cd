"""A folder's manifest: its facts and the SHA-256 of every file, so that damage is detected.

Two lines: JSON with the writer's facts and {file: [bytes, SHA-256]}, then the SHA-256 of the first
line.
"""

import hashlib
import json
from pathlib import Path

from jaxgan.files import atomic
from jaxgan.files.errors import one_line

MANIFEST = "manifest"


class DamagedError(ValueError):
    """A folder that does not match its manifest; the message is the reason."""


def write(folder: Path, facts: dict) -> None:
    """Write the manifest of a folder: the facts, and the size and SHA-256 of every file in it."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    hashes = {p.relative_to(folder).as_posix(): [p.stat().st_size, atomic.sha256(p)] for p in files}
    body = json.dumps({**facts, "files": hashes}).encode()
    atomic.write_bytes(folder / MANIFEST, body + b"\n" + _seal(body))


def read(folder: Path) -> dict:
    """Return what `write` wrote. Raises DamagedError."""
    try:
        body, _, seal = (folder / MANIFEST).read_bytes().partition(b"\n")
    except OSError as error:
        raise DamagedError(f"its {MANIFEST} cannot be read: {one_line(error)}") from error
    if seal != _seal(body):
        raise DamagedError(f"its {MANIFEST} has another checksum")
    try:  # intact, but anyone may have written it
        facts = json.loads(body)
        metrics = {name: float(value) for name, value in facts["metrics"].items()}
        dicts = {name: dict(facts[name].items()) for name in ("leaves", "files")}
        return {**facts, **dicts, "metrics": metrics}
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
        raise DamagedError(f"its {MANIFEST} does not describe a checkpoint") from error


def verify(folder: Path) -> None:
    """Compare every file with the manifest; raise DamagedError for the first that differs."""
    for name, listed in read(folder)["files"].items():
        shown = name if name.isprintable() else repr(name)
        try:
            path = folder / name
            found = [path.stat().st_size, atomic.sha256(path)]
        except (OSError, ValueError) as error:
            raise DamagedError(f"{shown}: {one_line(error)}") from error
        if found != listed:
            raise DamagedError(f"{shown} ({found[0]} bytes) has another size or checksum")


def _seal(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode() + b"\n"
