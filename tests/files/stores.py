"""An object store in memory, as bad as one can be: it ends a job, fails, and lists late."""

import fsspec
import pytest

from jaxgan.files import copies, desk, lock, mirror, objects

URL = "bad://bucket/runs/one"


class Killed(BaseException):
    """The job was killed here; whatever it tries afterwards does not happen."""


class Store:
    """What jaxgan uses of a file system of fsspec. Renames are not there: no use of one passes.

    Operations are numbered from 1. `kill_at`: the job dies in place of this one. `fail_at`: this
    one raises OSError. `delay`: a listing shows what there was so many changes ago.
    """

    def __init__(self):
        self.objects: dict[str, bytes] = {}
        self.past: list[dict[str, bytes]] = []
        self.delay = 0
        self.start()

    def start(self, kill_at: int = 0, fail_at: int = 0) -> None:
        """Forget the job before, and begin another that finds the same objects."""
        desk._desks.clear()
        self.count, self.kill_at, self.fail_at, self.is_dead = 0, kill_at, fail_at, False
        self.written: dict[str, int] = {}  # object -> number of the operation that wrote it

    def operate(self) -> None:
        self.count += 1
        self.is_dead = self.is_dead or self.count == self.kill_at
        if self.is_dead:
            raise Killed
        if self.count == self.fail_at:
            raise OSError("the store fails")

    def change(self, path: str, data: bytes | None) -> None:
        self.past = [*self.past, dict(self.objects)][-50:]
        if data is None:
            del self.objects[path]
        else:
            self.objects[path], self.written[path] = data, self.count

    def invalidate_cache(self) -> None:
        pass

    def find(self, folder: str, detail: bool) -> dict:
        self.operate()
        listed = [*self.past, self.objects][-1 - min(self.delay, len(self.past))]
        return {
            path: {"size": len(data), "etag": hash(data)}
            for path, data in listed.items()
            if path.startswith(f"{folder}/")
        }

    def isfile(self, path: str) -> bool:
        self.operate()
        return path in self.objects

    def cat_file(self, path: str) -> bytes:
        self.operate()
        if path not in self.objects:
            raise FileNotFoundError(path)
        return self.objects[path]

    def pipe_file(self, path: str, data: bytes, mode: str = "overwrite") -> None:
        self.operate()
        if mode == "create" and path in self.objects:
            raise FileExistsError(path)
        self.change(path, data)

    def get_file(self, path: str, local: str) -> None:
        data = self.cat_file(path)
        with open(local, "wb") as file:
            file.write(data)

    def put_file(self, local: str, path: str) -> None:
        with open(local, "rb") as file:
            self.pipe_file(path, file.read())

    def rm_file(self, path: str) -> None:
        self.cat_file(path)
        self.change(path, None)


def bad_store(monkeypatch: pytest.MonkeyPatch) -> Store:
    """Return the store that bad:// means in a test: one object at a time, no patience."""
    made = Store()
    monkeypatch.setitem(objects.PACKAGES, "bad", ("fsspec", "bad"))
    monkeypatch.setattr(fsspec, "filesystem", lambda scheme, **_: made)
    monkeypatch.setattr(mirror, "AT_ONCE", 1)
    monkeypatch.setattr(copies, "AT_ONCE", 1)
    monkeypatch.setattr(lock, "WATCH", 0.01)
    return made
