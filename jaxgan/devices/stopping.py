"""All processes stop after the same step: the first that none of them has passed yet.

    1. A process may begin steps up to its `free` step: the one after the last that it has begun.
    2. A process that is asked to stop (by a signal, ...) tells all others, and begins no further
       step.
    3. Each process that is told begins no further step either, and publishes its `free` step.
    4. Process 0 publishes the largest of them: every process runs to that step and stops there.

No process has begun a later step, and none waits in a collective for one that stopped earlier.
Nothing is sent, and no process waits, until one is asked: a step costs one look at a flag. A thread
of each process waits in the coordinator's key-value store to be told. A loop that ends by itself
(the last step, an error that all processes have) answers the loops that are still running.
"""

import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import jax

from jaxgan.devices import processes

NEVER = 1 << 62  # the stop step of a loop that has ended by itself
LONG = 600_000  # milliseconds; then the request is repeated

_loops = itertools.count()  # numbers the loops alike in all processes


@contextlib.contextmanager
def stopping(asked: threading.Event, first: int) -> Iterator[Callable[[int], bool]]:
    """Yield a function (step) -> whether the run stops after this step.

    It must be called once for each step, after the step has been started.

    Args:
      asked: set when this process is asked to stop.
      first: the first step.
    """
    store, number = processes.store(), next(_loops)
    if store is None:
        yield lambda step: asked.is_set()
        return
    name, me, count = f"jaxgan/stop/{number}", jax.process_index(), jax.process_count()
    together = Together(store, name, me, count, asked, first)
    try:
        yield together.after
    finally:
        together.close()


class Together:
    """One process's part of the agreement.

    store: a client of the key-value store. name: of this loop, for its keys. me, count: the index
      of this process, and how many there are. asked, first: see `stopping`.
    """

    def __init__(
        self, store: Any, name: str, me: int, count: int, asked: threading.Event, first: int
    ):
        self._store, self._name, self._me, self._count = store, name, me, count
        self._asked, self._free = asked, first
        self._is_held, self._lock = False, threading.Lock()
        self._stop, self._is_agreed = NEVER, threading.Event()
        self._thread = threading.Thread(target=self._listen, name="jaxgan-stop", daemon=True)
        self._thread.start()

    def after(self, step: int) -> bool:
        """Return whether the run stops after this step. Waits while the processes agree."""
        asks = False
        with self._lock:
            if not self._is_held:
                self._is_held = asks = self._asked.is_set()
                self._free = step if asks else step + 1
                if not asks:
                    return False
        if asks:
            for index in range(self._count):
                self._set(f"told/{index}", "stop")
        self._is_agreed.wait()
        return step == self._stop

    def close(self) -> None:
        """End the thread; the others need not wait for this process."""
        with contextlib.suppress(jax.errors.JaxRuntimeError):
            self._set(f"told/{self._me}", "the loop has ended")
            self._thread.join(timeout=30.0)

    def _listen(self) -> None:
        with contextlib.suppress(jax.errors.JaxRuntimeError):  # heartbeat.py will say why
            told = self._get(f"told/{self._me}")
            with self._lock:
                self._is_held = True
            self._set(f"free/{self._me}", str(self._free))
            if self._me == 0:
                wanted = range(self._count) if told == "stop" else ()
                free = [int(self._get(f"free/{index}")) for index in wanted]
                self._set("stop", str(max(free, default=NEVER)))
            if self._me == 0 or told == "stop":
                self._stop = int(self._get("stop"))
            self._is_agreed.set()

    def _set(self, key: str, value: str) -> None:
        self._store.key_value_set(f"{self._name}/{key}", value, allow_overwrite=True)

    def _get(self, key: str) -> str:
        while True:
            try:
                return self._store.blocking_key_value_get(f"{self._name}/{key}", LONG)
            except jax.errors.JaxRuntimeError as error:
                if "DEADLINE_EXCEEDED" not in str(error):
                    raise
