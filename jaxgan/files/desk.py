"""The desk of a run in an object store: its folder on this machine.

All of jaxgan works with files: Orbax, the logs, the report, Pillow. So the work directory
s3://bucket/run is a folder here, and the functions below bring objects to it and send files back;
mirror.py does the work. For a path that is on no desk they do nothing: a work directory on disk
behaves as if this module did not exist.

    pull       bring small files, and the manifest of each checkpoint; sheets and snapshots as empty
               files
    fetch      bring the rest when it is needed: a checkpoint's arrays, a sheet, a snapshot
    push       send files that have changed here, oldest first; delete what was deleted here
    publish    send a checkpoint: what else has changed, then its arrays, then its manifest, with
               which it exists: objects without a manifest are no checkpoint
    withdraw   delete a checkpoint, its manifest first
    sweep      delete arrays without a manifest, left by an interrupted publish or withdraw

A job starts with an empty desk, and only the store counts: a job that is killed leaves nothing here
that another one needs. A training job holds the run's lease (lease.py) and checks it before each
push, publish and withdraw. With several processes each has a desk, and process 0 has the lease: it
alone writes to the store, and the others bring the checkpoint that it names.
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from jaxgan.files import lease
from jaxgan.files.mirror import Mirror
from jaxgan.files.objects import is_url

_desks: dict[str, Mirror] = {}  # by URL, those that this process has open


def local(reference: str | Path) -> Path:
    """Return where a place is on this machine: a path itself, or a URL's desk, or its one file.

    Raises:
      ValueError: a URL that cannot be used; see objects.check_url.
      OSError: the store does not answer.
    """
    if not is_url(reference):
        return Path(reference)
    url = str(reference).rstrip("/")
    desk = _desks.get(url) or Mirror(url)
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

    Objects that the store does not have are skipped; a checkpoint's manifest shows what is missing.
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

    Raises OSError or lease.LostError; then there is no such checkpoint.
    """
    if desk := _of(checkpoint):
        desk.publish(written, checkpoint)


def withdraw(checkpoint: Path) -> None:
    """Delete a checkpoint in the store. If this is interrupted, it is no longer a checkpoint."""
    if desk := _of(checkpoint):
        desk.withdraw(checkpoint)


def sweep(path: Path) -> None:
    """Delete objects that belong to no checkpoint. Only the holder of the lease may do it."""
    if desk := _of(path):
        desk.sweep()


@contextlib.contextmanager
def held(path: Path, say: Callable[[str], None] = print) -> Iterator[str]:
    """Hold the run of a desk, and push at intervals and at the end. Does nothing for a run on disk.

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
    """Return whether the run of a desk comes to be held with this token within so many seconds.

    If so, what its holder has written is brought.
    """
    desk = _of(path)
    if desk is None or not lease.wait_for_token(desk.objects, token, seconds):
        return False
    desk.pull()
    return True


def _of(path: Path) -> Mirror | None:
    """Return the desk that a path is on."""
    for desk in _desks.values():
        if path.is_relative_to(desk.folder):
            return desk
    return None
