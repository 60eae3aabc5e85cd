"""Heartbeats: every process reports where it is, and stops when another is gone or stuck.

The keys in the coordinator's key-value store, written every PERIOD seconds from a thread:

    jaxgan/beat/INDEX       where the process is (stuck.py), and the number of this beat
    jaxgan/news/alive       the number of process 0's last beat
    jaxgan/news/INDEX       why a process ends
    jaxgan/news/verdict     which process is silent or stuck

Only process 0 reads all beats; the others read the news. So the traffic of a beat grows with the
number of processes, not with its square. After bad news every process writes the stacks of its
threads and ends with exit code LOST. Time for which a process was suspended is not counted.
"""

import contextlib
import faulthandler
import json
import os
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any, Protocol

import jax

from jaxgan.devices import stuck

PERIOD, SILENCE = 2.0, 40.0  # seconds
LOST = 76  # exit code: another process is gone or stuck; the same command continues
NEWS = "jaxgan/news/"


class Loop(Protocol):
    """The running loop: training's Stopwatch."""

    step: int
    phase: str
    moves: int

    def past(self, phase: str) -> list[float]:
        """Return the last durations of a phase, in seconds."""
        ...


class Unchanged:
    """Counts, by name, for how many seconds a value has not changed while this process was running.

    elapsed: seconds since the last call; at most two beats are counted.
    """

    def __init__(self):
        self._known: dict[str, tuple[Any, float]] = {}

    def __call__(self, name: str, value: Any, elapsed: float) -> float:
        before, seconds = self._known.get(name, (None, 0.0))
        seconds = seconds + min(elapsed, 2 * PERIOD) if before == value else 0.0
        self._known[name] = value, seconds
        return seconds


class Heartbeat:
    """The thread that sends beats and reads the news, until `end` or until it ends the process.

    client: of the key-value store. patience: seconds, see stuck.py; 0 turns that check off.
    """

    def __init__(self, client: Any, me: int, patience: float = stuck.PATIENCE):
        self._client, self._me, self._patience = client, me, patience
        self._loop: Loop | None = None
        self._folder: Path | None = None
        self._ended = False
        self._unchanged = Unchanged()
        threading.Thread(target=self._run, name="jaxgan-heartbeat", daemon=True).start()

    def follow(self, loop: Loop, folder: Path | None) -> None:
        """Report the place of `loop` from now on. If the run gets stuck, its stacks are written to
        `folder`, or to standard error if that is None."""
        self._loop, self._folder = loop, folder

    def failed(self, message: str) -> None:
        """Tell the other processes why this one ends."""
        self._client.key_value_set(f"{NEWS}{self._me}", message, allow_overwrite=True)

    def end(self) -> None:
        """Stop watching: this process ends, and the others may end before it."""
        self._ended = True

    def _run(self) -> None:
        number, then = 0, time.monotonic()
        while not self._ended:
            number, now = number + 1, time.monotonic()
            elapsed, then = now - then, now
            try:
                self._write(f"jaxgan/beat/{self._me}", [number, *self._place(elapsed)])
                if self._me == 0:
                    self._write(f"{NEWS}alive", number)
                    self._judge(elapsed)
                self._read_news(elapsed)
            except jax.errors.JaxRuntimeError:
                if not self._ended:
                    self._stop("process 0, the coordinator, is gone")
                return
            time.sleep(PERIOD)

    def _write(self, key: str, value: Any) -> None:
        self._client.key_value_set(key, json.dumps(value), allow_overwrite=True)

    def _place(self, elapsed: float) -> stuck.Place:
        host, loop = socket.gethostname(), self._loop
        if loop is None:
            return stuck.Place(host, 0, "starting", 0, 0.0, 0.0)
        moves, phase = loop.moves, loop.phase
        still = self._unchanged("moves", moves, elapsed)
        limit = stuck.limit(phase, loop.past(phase), self._patience)
        return stuck.Place(host, loop.step, phase, moves, still, limit)

    def _judge(self, elapsed: float) -> None:
        places, verdict = {}, ""
        for name, text in self._client.key_value_dir_get("jaxgan/beat/"):
            number, *place = json.loads(text)
            index = int(name.rpartition("/")[2])
            places[index] = stuck.Place(*place)
            if self._unchanged(name, number, elapsed) > SILENCE:
                verdict = f"process {index} on {places[index].host} has been silent for "
                verdict += f"{SILENCE:.0f} s"
        if not verdict and self._patience:
            verdict = stuck.verdict(places)
        if verdict:
            self._client.key_value_set(f"{NEWS}verdict", verdict, allow_overwrite=True)
            self._stop(verdict)

    def _read_news(self, elapsed: float) -> None:
        for name, text in self._client.key_value_dir_get(NEWS):
            about = name.rpartition("/")[2]
            if about == "verdict":
                self._stop(text)
            elif about == "alive":
                if self._unchanged(name, text, elapsed) > SILENCE:
                    self._stop(f"process 0, the coordinator, has been silent for {SILENCE:.0f} s")
            elif about != str(self._me):
                self._stop(f"process {about} failed: {text}")

    def _stop(self, reason: str) -> None:
        where = self._write_stacks(reason)
        print(
            f"jaxgan: {reason}; process {self._me} stops too{where}. The same command continues "
            "from the last checkpoint",
            file=sys.stderr,
            flush=True,
        )
        if self._me == 0:  # the others read the reason in its store
            time.sleep(3 * PERIOD)
        os._exit(LOST)  # at once: an orderly end would wait for the process that is gone

    def _write_stacks(self, reason: str) -> str:
        """Write what each thread of this process is doing; return the place, for the message."""
        if self._folder is None:
            if self._loop is not None:
                faulthandler.dump_traceback(sys.stderr, all_threads=True)
            return ""
        path = self._folder / f"process-{self._me}.txt"
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            with path.open("w") as file:
                when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
                print(f"{when} {socket.gethostname()}: {reason}", file=file, flush=True)
                faulthandler.dump_traceback(file, all_threads=True)
            return f" (stacks: {path})"
        return ""
