"""A local folder that mirrors a run in an object store.

A file is downloaded again when the store's tag for it changes, unless it was changed here. Files
that were changed here are sent, and those that were deleted here are deleted there. Checkpoints are
handled separately (publish, withdraw): one exists as soon as its manifest does. If a lease is held,
it is checked before anything is written.
"""

import contextlib
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any

from jaxgan.files import json_lines, lease, manifest
from jaxgan.files.errors import one_line
from jaxgan.files.manifest import MANIFEST, DamagedError
from jaxgan.files.objects import Objects, is_inside
from jaxgan.files.room import room

PUSH = 30.0  # seconds between two pushes of a run that trains
AT_ONCE = 8  # transfers in parallel
LATE = ("samples", "snapshots")  # folders of files that are fetched when they are read
OWN = ("lock",)  # not a file of the run
# Without these a run would start over. A listing may be outdated, so they are always looked for.
LOGS = ("checkpoints", "roll_backs", "metrics", "watch", "timing", "starts", "laps", "results")
BY_NAME = ("config.json", "data.json", *(f"{name}.jsonl" for name in LOGS))
NEWEST = 3  # this many completed checkpoints are looked for in the same way
UNREAD = ("events.", "profile/", "stacks/", "wandb/")  # written by a run, never read by it

Stat = tuple[int, int, int]  # mtime, size and inode number


class Mirror:
    """A run, or a single file, at a URL, and the local folder that mirrors it.

    folder: the run's. path: the same, or the single file's. Methods may be called from any thread.
    """

    def __init__(self, url: str):
        self.objects, self.url = Objects(url), url
        self.folder = room() / url.partition("://")[2]
        self.folder.mkdir(parents=True)
        self.path = self.folder
        if self.objects.is_object():  # one file, such as an exported generator
            self.path = self.folder / PurePosixPath(url).name
            self.objects.download("", self.path)
        self._pulled: dict[str, str] = {}  # name -> the store's tag when fetched
        self._same: dict[str, Stat] = {}  # name -> stat when equal to the store
        self._late: set[str] = set()  # placeholders: empty here, not fetched yet
        self._lease: lease.Lease | None = None
        self._lock = threading.RLock()

    def pull(self) -> None:
        if self.path != self.folder:
            return
        with self._lock:
            listed = {n: tag for n, tag in self.objects.tags().items() if _is_pulled(n)}
            for name in self._pulled.keys() - listed.keys() - set(BY_NAME):
                if self._same.pop(name, None) == self._stat(name):
                    self._remove(name)
                del self._pulled[name]
            self._bring(dict.fromkeys(BY_NAME, "") | listed)
            completed = json_lines.read(self.folder / "checkpoints.jsonl")[-NEWEST:]
            steps = [x["step"] for x in completed if isinstance(x.get("step"), int)]
            manifests = [f"checkpoints/{step}/{MANIFEST}" for step in steps]
            self._bring({name: "" for name in manifests if name not in listed})

    def fetch(self, path: Path) -> None:
        with self._lock:
            name = self._name(path)
            if name in self._late:
                self._download([name])
                self._same[name] = self._stat(name) or (0, 0, 0)
                self._late.discard(name)
            elif _is_checkpoint(name):
                with contextlib.suppress(DamagedError):  # whoever reads it will see that
                    files = [n for n in manifest.read(path)["files"] if is_inside(n)]
                    self._download(f"{name}/{n}" for n in files if not (path / n).exists())

    def fetch_again(self, checkpoint: Path) -> None:
        with self._lock:
            shutil.rmtree(checkpoint, ignore_errors=True)
            self._download([f"{self._name(checkpoint)}/{MANIFEST}"])
            self.fetch(checkpoint)

    def push(self) -> None:
        with self._lock:
            self._check()
            here = {name: stat for name in self._files() if (stat := self._stat(name)) is not None}
            changed = [name for name, stat in here.items() if self._same.get(name) != stat]
            for name in sorted(changed, key=here.__getitem__):  # by time
                try:
                    self.objects.upload(self.folder / name, name)
                except FileNotFoundError:
                    if (self.folder / name).exists():
                        raise
                    continue  # replaced or deleted meanwhile
                self._same[name] = here[name]
                self._late.discard(name)
                self._pulled.pop(name, None)  # its tag is another now
                if name.startswith("snapshots/"):  # large, and never deleted: not kept here
                    self._empty(name)
            for name in self._same.keys() - here.keys():
                if not name.startswith("checkpoints/"):
                    self.objects.delete(name)
                    del self._same[name]

    def publish(self, written: Path, checkpoint: Path) -> None:
        with self._lock:
            self.push()  # what belongs to the steps before it
            self.withdraw(checkpoint)  # an earlier one of this step
            name = self._name(checkpoint)
            files = [p for p in written.rglob("*") if p.is_file() and p != written / MANIFEST]
            names = [f"{name}/{p.relative_to(written).as_posix()}" for p in files]
            self._at_once(self.objects.upload, files, names)
            self._check()
            self.objects.upload(written / MANIFEST, f"{name}/{MANIFEST}")
            for path in files:
                path.unlink()

    def withdraw(self, checkpoint: Path) -> None:
        with self._lock:
            self._check()
            name = self._name(checkpoint)
            self.objects.delete(f"{name}/{MANIFEST}")
            self._at_once(self.objects.delete, self.objects.tags(name))

    def sweep(self) -> None:
        with self._lock:
            self._check()
            names = [n for n in self.objects.tags("checkpoints") if n.count("/") > 1]
            for folder in sorted({"/".join(n.split("/")[:2]) for n in names}):
                if _is_checkpoint(folder) and not self._has_manifest(folder):
                    of_it = [n for n in names if n.startswith(f"{folder}/")]
                    self._at_once(self.objects.delete, of_it)

    @contextlib.contextmanager
    def pushed(self, own: lease.Lease, say: Callable[[str], None]) -> Iterator[None]:
        """Push at intervals and at the end of the block, while a lease is held."""
        self._lease, stop = own, threading.Event()
        thread = threading.Thread(target=self._push_until, args=(stop, say), daemon=True)
        thread.start()
        try:
            yield
        except BaseException:
            with contextlib.suppress(OSError, lease.LostError):  # the block's own error counts
                self.push()
            raise
        else:
            self.push()
        finally:
            stop.set()
            thread.join()
            self._lease = None

    def _bring(self, tags: dict[str, str]) -> None:
        """Download files whose tag has changed since they were last fetched, unless changed
        here."""
        new = [n for n, tag in tags.items() if self._pulled.get(n) != tag]
        new = [n for n in new if self._same.get(n) == self._stat(n)]
        late = {n for n in new if n.partition("/")[0] in LATE}
        for name in late:
            self._empty(name)
        self._download(n for n in new if n not in late)
        for name in new:
            if (stat := self._stat(name)) is not None:  # else the store does not have it
                self._pulled[name], self._same[name] = tags[name], stat

    def _push_until(self, stop: threading.Event, say: Callable[[str], None]) -> None:
        failed = False
        while not stop.wait(PUSH):
            try:
                self.push()
                failed = False
            except lease.LostError:  # the next checkpoint ends the training
                return
            except OSError as error:
                if not failed:
                    say(f"WARNING: {self.url} is not up to date ({one_line(error)}); retrying")
                failed = True

    def _check(self) -> None:
        if self._lease is not None:
            self._lease.check()

    def _files(self) -> Iterator[str]:
        for path in self.folder.rglob("*"):
            name = self._name(path)
            if path.is_file() and _is_pushed(name):
                yield name

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def _stat(self, name: str) -> Stat | None:
        """Return what changes whenever a local file does; None if it does not exist."""
        try:
            found = (self.folder / name).stat()
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _empty(self, name: str) -> None:
        """Leave an empty file as a placeholder for one that the store has."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
        self._late.add(name)
        if (stat := self._stat(name)) is not None:
            self._same[name] = stat

    def _remove(self, name: str) -> None:
        """Delete a local file; for a manifest, the whole folder of the checkpoint."""
        path = self.folder / name
        path.unlink(missing_ok=True)
        if _is_checkpoint(name.rpartition("/")[0]):
            shutil.rmtree(path.parent, ignore_errors=True)

    def _has_manifest(self, folder: str) -> bool:
        """Return whether a checkpoint has a manifest, by reading it: a listing may be outdated."""
        try:
            self.objects.read(f"{folder}/{MANIFEST}")
            return True
        except FileNotFoundError:
            return False

    def _download(self, names: Iterable[str]) -> None:
        def one(name: str) -> None:
            with contextlib.suppress(FileNotFoundError):
                self.objects.download(name, self.folder / name)

        self._at_once(one, names)

    def _at_once(self, function: Callable, *arguments: Iterable[Any]) -> None:
        """Call a function for each item in parallel, and raise the first error."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(function, *arguments))


def _is_checkpoint(name: str) -> bool:
    first, _, step = name.partition("/")
    return first == "checkpoints" and step.isdecimal()


def _is_pulled(name: str) -> bool:
    folder, _, last = name.rpartition("/")
    if name.startswith("checkpoints/"):
        return last == MANIFEST and _is_checkpoint(folder)
    return is_inside(name) and name not in OWN and not name.startswith(UNREAD)


def _is_pushed(name: str) -> bool:
    if name.startswith("checkpoints/"):
        return ".damaged/" in name
    return name not in OWN and not any(part.startswith(".") for part in name.split("/"))
