"""A temporary folder that is deleted when its process ends, or later if the process was killed.

A process holds a lock on a file in its folder as long as it lives; a folder whose lock is free
belongs to a dead process.
"""

import atexit
import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path


def room() -> Path:
    """Return a new folder for this process, and delete those of dead processes.

    Raises PermissionError if their parent folder belongs to another user.
    """
    rooms = Path(tempfile.gettempdir()) / f"jaxgan-desks-{os.getuid()}"
    rooms.mkdir(mode=0o700, exist_ok=True)
    if rooms.lstat().st_uid != os.getuid():
        raise PermissionError(f"{rooms} belongs to another user: set TMPDIR to another folder")
    for other in rooms.iterdir():
        with contextlib.suppress(OSError), (other / ".held").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(other, ignore_errors=True)
    own = Path(tempfile.mkdtemp(dir=rooms))
    file = (own / ".new").open("wb")
    fcntl.flock(file, fcntl.LOCK_EX)
    (own / ".new").rename(own / ".held")

    def leave() -> None:
        shutil.rmtree(own, ignore_errors=True)
        file.close()

    atexit.register(leave)
    return own
