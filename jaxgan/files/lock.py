"""A folder that only one job uses at a time, even on storage that several machines share.

A lock file in it names the holder: host, process, since when, and a token that is new each time the
lock is taken. The file is empty while nobody holds the folder. Locks of the operating system end
with their process, but on shared storage they may cover one machine only, or not exist. So the
holder also renews the file's modification time every BEAT seconds, and a job that finds another
machine's name in it takes the folder only after WATCH seconds without a sign of life. Clocks are
never compared.
"""

import contextlib
import fcntl
import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

BEAT, WATCH = 10.0, 35.0  # seconds


class HeldError(ValueError):
    """Another job holds the folder; the message says who."""


@contextlib.contextmanager
def held(path: Path, watch: float = WATCH, say: Callable[[str], None] = print) -> Iterator[str]:
    """Hold a lock file while the block runs; yield the token that it then contains.

    Args:
      watch: seconds to wait for a sign of life of a holder on another machine.
      say: called with a line before such a wait.

    Raises:
      HeldError: another process has it.
      OSError: the file cannot be written.
    """
    with open(path, "a+b") as file:
        locked, holder = _lock(file, path), read_holder(path)
        if holder and not (locked and holder.get("host") == socket.gethostname()):
            say(f"{path} names {who(holder)}: looking {watch:.0f} s for a sign of life")
            if _is_alive(path, watch):
                raise HeldError(who(holder))
        token = secrets.token_hex(8)
        me = {"host": socket.gethostname(), "process": os.getpid(), "token": token}
        me["since"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        _write(file, json.dumps(me).encode())
        stop = threading.Event()
        beat = threading.Thread(target=_beat, args=(file.fileno(), stop), daemon=True)
        beat.start()
        try:
            yield token
        finally:
            stop.set()
            beat.join()
            _write(file, b"")


def read_holder(path: Path) -> dict[str, Any]:
    """Return what a lock file says about its holder; {} if nobody holds it."""
    try:
        text = path.read_bytes()
        return dict(json.loads(text)) if text else {}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError):  # its holder died while it wrote
        return {"host": "an unknown machine"}


def wait_for_token(path: Path, token: str, seconds: float) -> bool:
    """Return whether a lock file comes to show this token within a number of seconds."""
    end = time.monotonic() + seconds
    while read_holder(path).get("token") != token:
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


def _lock(file: IO[bytes], path: Path) -> bool:
    """Take the operating system's lock; return False where the file system has none."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        raise HeldError(who(read_holder(path))) from None
    except OSError:
        return False


def _is_alive(path: Path, seconds: float) -> bool:
    first, end = _last_beat(path), time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(min(1.0, seconds / 10))
        if _last_beat(path) != first:
            return True
    return False


def _last_beat(path: Path) -> int:
    with path.open("rb") as file:  # shared storage asks its server when a file is opened
        return os.fstat(file.fileno()).st_mtime_ns


def _beat(descriptor: int, stop: threading.Event) -> None:
    while not stop.wait(BEAT):
        with contextlib.suppress(OSError):  # storage that is away for a while
            os.utime(descriptor)


def _write(file: IO[bytes], data: bytes) -> None:
    file.truncate(0)
    file.write(data)
    file.flush()
    os.fsync(file.fileno())


def who(holder: dict[str, Any]) -> str:
    """Return a description of the holder for a message: process, host and time."""
    return (
        f"process {holder.get('process', '?')} on {holder.get('host', 'this machine')}, since "
        f"{holder.get('since', 'an unknown time')}"
    )
