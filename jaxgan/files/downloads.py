"""Files by address and hash: downloaded once, never used with another content."""

import hashlib
import os
import tempfile
import urllib.request
from pathlib import Path

CHUNK = 1 << 20
SECONDS = 60  # without an answer


def downloaded(url: str, sha256: str, folder: Path) -> Path:
    """Return the file of an address, from `folder` if it is there.

    Raises:
      ValueError: it has another SHA-256 than the one asked for; nothing is kept.
      OSError: it cannot be fetched.
    """
    path = folder / url.rpartition("/")[2]
    if path.exists():
        check_sha256(path, sha256)
        return path
    folder.mkdir(parents=True, exist_ok=True)
    print(f"downloading {url} to {path}")
    # A new name, then a rename: a killed process leaves no half file under the real name.
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as file:
        try:
            with urllib.request.urlopen(url, timeout=SECONDS) as answer:
                while chunk := answer.read(CHUNK):
                    file.write(chunk)
            file.close()
            check_sha256(Path(file.name), sha256)
            os.replace(file.name, path)
        except OSError as error:
            os.unlink(file.name)
            raise OSError(
                f"{url} cannot be downloaded ({error}): bring the file yourself and write its path "
                "in evaluate.weights_file"
            ) from error
        except BaseException:
            os.unlink(file.name)
            raise
    return path


def file_sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_sha256(path: Path, expected: str) -> str:
    """Return the file's SHA-256, or raise ValueError when it is not the expected one."""
    found = file_sha256(path)
    if found != expected:
        raise ValueError(f"{path} has SHA-256 {found}, expected {expected}: get the file again")
    return found
