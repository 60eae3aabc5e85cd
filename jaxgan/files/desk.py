"""A run in an object store, brought to a folder of this machine: its desk.

All of jaxgan works with files: Orbax, the logs, the report, Pillow. So a work directory
s3://bucket/run is a folder here, and the functions below bring objects to it and back. For a path
that is on no desk they do nothing: a work directory on disk is as if this file were not there.

    pull       small files, and of each checkpoint its manifest; sheets and snapshots as empty files
    fetch      what of that is needed: the arrays of a checkpoint, a sheet, a snapshot
    push       files that have changed here, oldest first; what was deleted here
    publish    a checkpoint: what changed, then its arrays, then its manifest. It is there from then
               on: objects without a manifest are no checkpoint
    withdraw   a checkpoint: its manifest first
    sweep      arrays without a manifest, which an interrupted publish or withdraw has left

A job starts with an empty desk. What counts is in the store: a job that is killed leaves nothing
here that another needs. One that trains holds the run's lease (lease.py), and looks at it before
each push, publish and withdraw. Of several processes each has a desk, and process 0 the lease: it
alone writes to the store, and the others bring the checkpoint that it names.
"""

import atexit
import contextlib
import fcntl
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any

from jaxgan.files import json_lines, lease, manifest
from jaxgan.files.errors import one_line
from jaxgan.files.manifest import MANIFEST, DamagedError
from jaxgan.files.objects import Objects, is_inside, is_url

PUSH = 30.0  # seconds between two pushes of a run that trains
AT_ONCE = 8  # objects on their way
LATE = ("samples", "snapshots")  # folders of files that are fetched when they are read
OWN = ("lock",)  # not a file of the run
# A listing may be old, and a run without them would start over: looked for whatever it says.
LOGS = ("checkpoints", "roll_backs", "metrics", "watch", "timing", "starts", "laps", "results")
BY_NAME = ("config.json", "data.json", *(f"{name}.jsonl" for name in LOGS))
NEWEST = 3  # completed checkpoints that are looked for likewise
UNREAD = ("events.", "profile/", "stacks/", "wandb/")  # written by a run, never read by it

Stat = tuple[int, int, int]  # time, size and number of a file

_desks: dict[str, "Desk"] = {}  # by URL, those that this process has open


def local(reference: str | Path) -> Path:
    """Return where a place is on this machine: a path itself; of a URL a desk, or its one file.

    Raises:
      ValueError: a URL that cannot be used; see objects.check_url.
      OSError: the store does not answer.
    """
    if not is_url(reference):
        return Path(reference)
    url = str(reference).rstrip("/")
    desk = _desks.get(url) or Desk(url)
    desk.pull()
    _desks[url] = desk
    return desk.path


def with_urls(text: str) -> str:
    """Return a text for the user with the URLs of desks in place of their folders."""
    for desk in _desks.values():
        text = text.replace(str(desk.folder), desk.url)
    return text


def is_on_a_desk(path: Path) -> bool:
    return _of(path) is not None


def pull(path: Path) -> None:
    """Bring what is new in the store to the desk that a path is on."""
    if desk := _of(path):
        desk.pull()


def fetch(path: Path) -> Path:
    """Bring the arrays of a checkpoint's folder, or a file's content; return the path.

    What the store does not have is left out: a checkpoint's manifest knows.
    """
    if desk := _of(path):
        desk.fetch(path)
    return path


def fetch_again(checkpoint: Path) -> Path:
    """Bring a checkpoint as the store has it now, for a process that did not write it itself."""
    if desk := _of(checkpoint):
        desk.fetch_again(checkpoint)
    return checkpoint


def push(path: Path) -> None:
    """Write what has changed on the desk that a path is on."""
    if desk := _of(path):
        desk.push()


def publish(written: Path, checkpoint: Path) -> None:
    """Make a folder with its manifest the checkpoint that it is to be; its arrays leave the desk.

    Raises OSError, or lease.LostError: then it is not there.
    """
    if desk := _of(checkpoint):
        desk.publish(written, checkpoint)


def withdraw(checkpoint: Path) -> None:
    """Delete a checkpoint in the store; interrupted, it is none."""
    if desk := _of(checkpoint):
        desk.withdraw(checkpoint)


def sweep(path: Path) -> None:
    """Delete what is of no checkpoint. Only the holder of the lease may do it."""
    if desk := _of(path):
        desk.sweep()


@contextlib.contextmanager
def held(path: Path, say: Callable[[str], None] = print) -> Iterator[str]:
    """Hold the run that a desk is of, and push at intervals and at the end; nothing on disk.

    Yields the lease's token, "" on disk. Raises lock.HeldError if another job holds it.
    """
    desk = _of(path)
    if desk is None:
        yield ""
        return
    with lease.held(desk.objects, say) as own:
        desk.pull()  # what came since this job looked first
        with desk.pushed(own, say):
            desk.sweep()
            yield own.token


def wait_for_token(path: Path, token: str, seconds: float) -> bool:
    """Return whether the run that a desk is of is held with this token within so many seconds.

    Then what its holder has written is brought.
    """
    desk = _of(path)
    if desk is None or not lease.wait_for_token(desk.objects, token, seconds):
        return False
    desk.pull()
    return True


class Desk:
    """See above. Methods may be called from any thread."""

    def __init__(self, url: str):
        self.objects, self.url = Objects(url), url
        room = _room()
        self.folder = room / url.partition("://")[2]
        self.folder.mkdir(parents=True)
        self.path = self.folder
        if self.objects.is_object():  # one file, such as an exported generator
            self.path = self.folder / PurePosixPath(url).name
            self.objects.download("", self.path)
        self._pulled: dict[str, str] = {}  # name -> the store's tag when it came
        self._same: dict[str, Stat] = {}  # name -> the file when it was as in the store
        self._late: set[str] = set()  # files that are empty here, and were not fetched
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
            name = _name(self, path)
            if name in self._late:
                self._download([name])
                self._same[name] = self._stat(name) or (0, 0, 0)
                self._late.discard(name)
            elif _is_checkpoint(name):
                with contextlib.suppress(DamagedError):  # which who reads it will see
                    files = [n for n in manifest.read(path)["files"] if is_inside(n)]
                    self._download(f"{name}/{n}" for n in files if not (path / n).exists())

    def fetch_again(self, checkpoint: Path) -> None:
        with self._lock:
            shutil.rmtree(checkpoint, ignore_errors=True)
            self._download([f"{_name(self, checkpoint)}/{MANIFEST}"])
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
            name = _name(self, checkpoint)
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
            name = _name(self, checkpoint)
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
            with contextlib.suppress(OSError, lease.LostError):  # what ends the block is first
                self.push()
            raise
        else:
            self.push()
        finally:
            stop.set()
            thread.join()
            self._lease = None

    def _bring(self, tags: dict[str, str]) -> None:
        """Download what has another tag than when it came, and was not changed here."""
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
            name = _name(self, path)
            if path.is_file() and _is_pushed(name):
                yield name

    def _stat(self, name: str) -> Stat | None:
        """Return what changes when a file here does, None where there is none."""
        try:
            found = (self.folder / name).stat()
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _empty(self, name: str) -> None:
        """Leave an empty file in place of one that the store has."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
        self._late.add(name)
        if (stat := self._stat(name)) is not None:
            self._same[name] = stat

    def _remove(self, name: str) -> None:
        """Delete a file here, and a checkpoint's folder with its manifest."""
        path = self.folder / name
        path.unlink(missing_ok=True)
        if _is_checkpoint(name.rpartition("/")[0]):
            shutil.rmtree(path.parent, ignore_errors=True)

    def _has_manifest(self, folder: str) -> bool:
        """Return what reading by its name finds: a listing may be old."""
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
        """Call a function for each; raise what the first that fails raises."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(function, *arguments))


def _of(path: Path) -> Desk | None:
    """Return the desk that a path is on."""
    for desk in _desks.values():
        if path.is_relative_to(desk.folder):
            return desk
    return None


def _name(desk: Desk, path: Path) -> str:
    return path.relative_to(desk.folder).as_posix()


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


def _room() -> Path:
    """Return a new folder that ends with this process, and delete those of processes that died.

    A process holds the lock of a file in its folder for as long as it lives.
    """
    rooms = Path(tempfile.gettempdir()) / f"jaxgan-desks-{os.getuid()}"
    rooms.mkdir(mode=0o700, exist_ok=True)
    if rooms.lstat().st_uid != os.getuid():
        raise PermissionError(f"{rooms} belongs to another user: set TMPDIR to another folder")
    for room in rooms.iterdir():
        with contextlib.suppress(OSError), (room / ".held").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(room, ignore_errors=True)
    room = Path(tempfile.mkdtemp(dir=rooms))
    file = (room / ".new").open("wb")
    fcntl.flock(file, fcntl.LOCK_EX)
    (room / ".new").rename(room / ".held")

    def leave() -> None:
        shutil.rmtree(room, ignore_errors=True)
        file.close()

    atexit.register(leave)
    return room
