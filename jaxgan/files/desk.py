"""The desk of a run in an object store: the local folder that jaxgan works in.

All of jaxgan works with files: Orbax, the logs, the report, Pillow. So a work directory
s3://bucket/run is a folder on this machine, and the functions below bring objects to it and send
files back; mirror.py does the work. For a path that is on no desk they do nothing: with a work
directory on disk everything behaves as if this module did not exist.

    pull       bring small files, and the manifest of each checkpoint; sample sheets and snapshots
               appear as empty files
    fetch      bring the rest when it is needed: a checkpoint's arrays, a sheet, a snapshot
    push       send files that have changed here, oldest first; delete what was deleted here
    publish    send a checkpoint: first everything else that has changed, then its arrays, then
               its manifest. The manifest completes it: objects without one are not a checkpoint
    withdraw   delete a checkpoint, its manifest first
    sweep      delete arrays without a manifest, left by an interrupted publish or withdraw

A job starts with an empty desk, and only the store counts: a job that is killed leaves nothing here
that another one needs. A training job holds the run's lease (lease.py) and checks it before each
push, publish and withdraw. With several processes each has a desk, and process 0 has the lease: it
alone writes to the store, and the others fetch the checkpoint that it names.
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from jaxgan.files import lease
from jaxgan.files.mirror import Mirror
from jaxgan.files.objects import is_url

_desks: dict[str, Mirror] = {}  # the open desks of this process, by URL


def local(reference: str | Path) -> Path:
    """Return the local path of a place: a path as it is; for a URL its desk, or the one file there.

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
    """Return a text for the user in which the folders of desks are replaced by their URLs."""
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
    """Bring the arrays of a checkpoint's folder, or the content of a file; return the path.

    Objects that the store does not have are skipped; a checkpoint's manifest shows what is missing.
    """
    if desk := _of(path):
        desk.fetch(path)
    return path


def fetch_again(checkpoint: Path) -> Path:
    """Bring the store's present version of a checkpoint, for a process that did not write it
    itself."""
    if desk := _of(checkpoint):
        desk.fetch_again(checkpoint)
    return checkpoint


def push(path: Path) -> None:
    """Send what has changed on the desk that a path is on."""
    if desk := _of(path):
        desk.push()


def publish(written: Path, checkpoint: Path) -> None:
    """Publish the folder `written`, with its manifest, as `checkpoint`; its arrays then leave the
    desk.

    Raises OSError or lease.LostError; then the checkpoint does not exist.
    """
    if desk := _of(checkpoint):
        desk.publish(written, checkpoint)


def withdraw(checkpoint: Path) -> None:
    """Delete a checkpoint in the store. Even if this is interrupted, it is no longer a
    checkpoint."""
    if desk := _of(checkpoint):
        desk.withdraw(checkpoint)


def sweep(path: Path) -> None:
    """Delete objects that belong to no checkpoint. Only the holder of the lease may do it."""
    if desk := _of(path):
        desk.sweep()


@contextlib.contextmanager
def held(path: Path, say: Callable[[str], None] = print) -> Iterator[str]:
    """Hold the lease of a run in a store, and push at intervals and at the end; a no-op for a run
    on disk.

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
    """Return whether the run's lease comes to show this token within a number of seconds.

    If it does, what its holder has written so far is pulled.
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
