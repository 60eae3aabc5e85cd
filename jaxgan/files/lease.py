"""One writer at a time for a run in an object store: lock.py without file locks and file times.

The object `lock` names the holder, as the lock file does. The holder rewrites it with a new number
every BEAT seconds and deletes it at the end. Another job takes over a lock that it finds only after
WATCH seconds without a change. Clocks are never compared.

A holder that was suspended for longer may have lost its lease without knowing. So it looks at the
token before it publishes anything (`check`), and if the token is another's it writes nothing more.
"""

import contextlib
import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from jaxgan.files import lock
from jaxgan.files.lock import HeldError
from jaxgan.files.objects import Objects

NAME = "lock"


class LostError(RuntimeError):
    """Another job has taken the run; the message says who."""


class Lease:
    """The lease that `held` yields."""

    def __init__(self, objects: Objects):
        self._objects = objects
        self._me: dict[str, Any] = {"host": socket.gethostname(), "process": os.getpid()}
        self._me["since"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self._me |= {"token": secrets.token_hex(8), "beat": 0}

    @property
    def token(self) -> str:
        """The token that the lock shows while this lease is held."""
        return self._me["token"]

    def check(self) -> None:
        """Raise LostError if another job has the lease, OSError if the store does not answer."""
        holder = _holder(_read(self._objects))
        if holder.get("token") != self._me["token"]:
            who = lock.who(holder) if holder else "someone who deleted its lock"
            raise LostError(
                f"{self._objects.url} was taken over by {who}: this training stops; what it has "
                "published is there"
            )

    def take(self) -> None:
        """Create the lock. Raises HeldError if another job was quicker."""
        try:
            self._objects.create(NAME, json.dumps(self._me).encode())
        except FileExistsError:
            holder = _holder(_read(self._objects))
            if holder.get("token") != self._me["token"]:  # else it was written twice: an answer
                raise HeldError(lock.who(holder)) from None  # was lost on its way

    def renew(self, stop: threading.Event) -> None:
        """Renew the lease until `stop` is set or it is lost."""
        while not stop.wait(lock.BEAT):
            with contextlib.suppress(OSError):  # a store that is away for a while
                try:
                    self.check()
                except LostError:
                    return
                self._me["beat"] += 1
                self._objects.write(NAME, json.dumps(self._me).encode())

    def release(self) -> None:
        with contextlib.suppress(OSError, LostError):  # then others wait for a sign of life
            self.check()
            self._objects.delete(NAME)


@contextlib.contextmanager
def held(objects: Objects, say: Callable[[str], None] = print) -> Iterator[Lease]:
    """Hold the lease of a run while the block runs.

    say: called with a line before the wait for a sign of life of a former holder.

    Raises:
      HeldError: another job has it.
      OSError: the store does not answer, or refuses to write.
    """
    seen = _read(objects)
    if seen:
        who = lock.who(_holder(seen))
        say(f"{objects.url}/{NAME} names {who}: looking {lock.WATCH:.0f} s for a sign of life")
        end = time.monotonic() + lock.WATCH
        while time.monotonic() < end:
            time.sleep(min(1.0, lock.WATCH / 10))
            now = _read(objects)
            if not now:  # it has ended
                break
            if now != seen:
                raise HeldError(lock.who(_holder(now)))
        objects.delete(NAME)
    lease, stop = Lease(objects), threading.Event()
    lease.take()
    beat = threading.Thread(target=lease.renew, args=(stop,), daemon=True)
    beat.start()
    try:
        yield lease
    finally:
        stop.set()
        beat.join()
        lease.release()


def wait_for_token(objects: Objects, token: str, seconds: float) -> bool:
    """Return whether the lock comes to show this token within a number of seconds. Raises
    OSError."""
    end = time.monotonic() + seconds
    while _holder(_read(objects)).get("token") != token:
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


def _read(objects: Objects) -> bytes:
    try:
        return objects.read(NAME)
    except FileNotFoundError:
        return b""


def _holder(text: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(text)) if text else {}
    except (ValueError, TypeError):
        return {"host": "an unknown machine"}
