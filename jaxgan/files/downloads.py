"""Files by address and SHA-256: downloaded once, and never used with a different content."""

import shutil
import urllib.request
from pathlib import Path

from jaxgan.files import atomic
from jaxgan.files.atomic import replacing

SECONDS = 60  # without an answer before a download is given up


def downloaded(url: str, sha256: str, folder: Path) -> Path:
    """Return the path of a file, downloaded from a URL unless `folder` has it already.

    Raises:
      ValueError: its SHA-256 is not the expected one; nothing is kept.
      OSError: it cannot be downloaded.
    """
    path = folder / url.rpartition("/")[2]
    if path.exists():
        check_sha256(path, sha256)
        return path
    print(f"downloading {url} to {path}")
    try:
        with replacing(path) as temporary:
            answer = urllib.request.urlopen(url, timeout=SECONDS)
            with answer, temporary.open("wb") as file:
                shutil.copyfileobj(answer, file)
            check_sha256(temporary, sha256)
    except OSError as error:
        raise OSError(
            f"{url} cannot be downloaded ({error}): bring the file yourself and write its path in "
            "evaluate.weights_file"
        ) from error
    return path


def check_sha256(path: Path, expected: str) -> str:
    """Return the file's SHA-256, or raise ValueError when it is not the expected one."""
    found = atomic.sha256(path)
    if found != expected:
        raise ValueError(f"{path} has SHA-256 {found}, expected {expected}: get the file again")
    return found
