"""Objects below one URL of a store, gs:// or s3://.

A write is atomic: an object has either its old content or all of the new one. There is no rename,
no append and no lock, and a listing may be older than what reading by name finds. So the rest of
the code restricts itself to the few operations here, and publishes by writing one object last
(desk.py).

Credentials and endpoints are configured as for gcsfs and s3fs: AWS_ENDPOINT_URL names another S3
server.
"""

import contextlib
import importlib.util
import secrets
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from jaxgan.files import atomic
from jaxgan.files.errors import one_line

PACKAGES = {"gs": ("gcsfs", "gcs"), "s3": ("s3fs", "s3")}  # scheme -> package, extra of jaxgan
LARGE = 64 * 2**20  # bytes; larger files are sent in parts
# The fields of a listing that change with an object's content; each store has its own names.
TAGS = ("size", "ETag", "etag", "md5Hash", "generation", "created")


def is_url(reference: object) -> bool:
    """Return whether a place is written as a URL, such as s3://bucket/run."""
    return "://" in str(reference)


def is_inside(name: str) -> bool:
    """Return whether a name stays inside its folder: names in a store may be anyone's choice."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and path.name != ""


def check_url(url: str) -> None:
    """Raise ValueError for a URL whose objects cannot be reached, with what to write or install."""
    scheme, _, rest = url.partition("://")
    if scheme not in PACKAGES:
        known = " or ".join(f"{name}://" for name in PACKAGES)
        raise ValueError(f"{url}: write a path, or a URL that starts with {known}")
    package, extra = PACKAGES[scheme]
    if importlib.util.find_spec(package) is None:
        raise ValueError(f"{url} needs the package {package}: pip install 'jaxgan[{extra}]'")
    if not rest.partition("/")[2].strip("/"):
        raise ValueError(f"{url} is a bucket: write a folder in it, such as {scheme}://{rest}/run")


class Objects:
    """The objects below a URL; a name is what follows the URL and a slash."""

    def __init__(self, url: str):
        """Raises ValueError as `check_url`."""
        check_url(url)
        import fsspec

        self.url = url.rstrip("/")
        scheme, _, self._root = self.url.partition("://")
        with self._answered(""):
            self._files = fsspec.filesystem(scheme, use_listings_cache=False)

    def tags(self, below: str = "") -> dict[str, str]:
        """Return {name: a text that changes with the content} for the objects below a folder."""
        folder = f"{self._root}/{below}".rstrip("/")
        with self._answered(below):
            self._files.invalidate_cache()
            found: dict[str, Any] = self._files.find(folder, detail=True)
        names = {path.lstrip("/").removeprefix(f"{self._root}/"): path for path in found}
        prefix = f"{below}/" if below else ""
        return {
            name: " ".join(str(found[path].get(tag, "")) for tag in TAGS)
            for name, path in names.items()
            if name.startswith(prefix) and path.lstrip("/") != self._root
        }

    def is_object(self) -> bool:
        """Return whether the URL itself names an object."""
        with self._answered(""):
            self._files.invalidate_cache()
            return self._files.isfile(self._root)

    def read(self, name: str) -> bytes:
        """Return an object's content. Raises FileNotFoundError."""
        with self._answered(name):
            return self._files.cat_file(self._at(name))

    def write(self, name: str, data: bytes) -> None:
        """Write or replace an object."""
        with self._answered(name):
            self._files.pipe_file(self._at(name), data)

    def create(self, name: str, data: bytes) -> None:
        """Write a new object. Raises FileExistsError if there is one of this name."""
        with self._answered(name):
            self._files.pipe_file(self._at(name), data, mode="create")

    def upload(self, path: Path, name: str) -> None:
        """Write or replace an object with a file's content; a small file may still be growing."""
        if path.stat().st_size < LARGE:
            return self.write(name, path.read_bytes())
        with self._answered(name):
            self._files.put_file(str(path), self._at(name))

    def download(self, name: str, path: Path) -> None:
        """Write an object's content to a file, atomically. Raises FileNotFoundError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{secrets.token_hex(8)}{atomic.SUFFIX}")
        try:
            with self._answered(name):
                self._files.get_file(self._at(name), str(temporary))
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    def delete(self, name: str) -> None:
        """Delete an object if it exists."""
        with self._answered(name), contextlib.suppress(FileNotFoundError):
            self._files.rm_file(self._at(name))

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root

    @contextlib.contextmanager
    def _answered(self, name: str) -> Iterator[None]:
        """Turn any exception of the store's client into an OSError that names the object."""
        at = f"{self.url}/{name}".rstrip("/")
        try:
            yield
        except (FileNotFoundError, FileExistsError) as error:
            raise type(error)(error.errno, one_line(error), at) from error
        except OSError as error:
            if error.filename is not None and error.errno is not None:  # of this machine
                raise
            raise OSError(error.errno or 0, one_line(error), at) from error
        except Exception as error:  # clients have many kinds
            raise OSError(0, one_line(error), at) from error
