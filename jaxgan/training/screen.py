"""What training shows: on a terminal one live line, elsewhere plain lines.

    step 1,240/3,600  ━━━━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌  214 images/s  11m45s left  d/loss +1.987  ...

The live line counts the steps that the device has finished, not those that it has queued. Its rate
is over all steps since the first, whose time is mostly compilation. The plain line of each logged
step then goes to WORKDIR/training.log instead.
"""

import errno
import os
import shutil
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any

import jax
from PIL import Image

from jaxgan.files.desk import with_urls
from jaxgan.media import terminal
from jaxgan.training.progress import duration

EVERY = 0.5  # seconds between two drawings
WIDEST = 24  # cells of the bar
SHOWN = ("d/loss", "g/loss")


class Screen:
    """Prints lines: call it. Use `with` around a training, for the live line.

    When nobody reads standard output any more, it sets `stop` and stays silent. If there are
    several processes, only the first prints.
    """

    def __init__(
        self, workdir: Path, stop: threading.Event, last: int, images: int, noun: str = "images"
    ):
        """last: the last step. images: number of them per step. noun: what to call them."""
        self._stop, self._last, self._images, self._noun = stop, last, images, noun
        self._shows = jax.process_index() == 0
        self._live = self._shows and sys.stdout.isatty()
        self._log = workdir / "training.log"
        self._started: deque[tuple[int, Any]] = deque()  # arrays, whose stub lacks is_ready
        self._first: tuple[int, float] | None = None  # step and time from which the rate counts
        self._done, self._values = 0, ""
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._draw, daemon=True) if self._live else None

    def __call__(self, line: str) -> None:
        """Print a line above the live one."""
        if not self._shows:
            return
        line = with_urls(line)
        with self._lock:
            self._write(f"\r\033[K{line}\n" if self._live else f"{line}\n")

    def started(self, step: int, metrics: dict[str, jax.Array]) -> None:
        """Note that a step was dispatched to the device; `metrics` are ready when it is done."""
        if self._live:
            self._started.append((step, next(iter(metrics.values()))))

    def logged(self, line: str, values: dict[str, float]) -> None:
        """Show a logged step: its plain line or, on a terminal, its losses behind the bar."""
        if not self._live:
            return self(line)
        self._values = "  ".join(f"{n} {values[n]:+.3f}" for n in SHOWN if n in values)
        with self._log.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    def picture(self, path: Path) -> None:
        """Draw the picture in a file, if this is a terminal."""
        if self._live:
            with Image.open(path) as picture, self._lock:
                self._write(f"\r\033[K{terminal.drawn(picture)}")

    def __enter__(self) -> "Screen":
        if self._thread is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        if self._thread is not None:
            self._ended.set()
            self._thread.join()
            with self._lock:
                self._write("\r\033[K")

    def _draw(self) -> None:
        while not self._ended.wait(EVERY):
            self._count(time.monotonic())
            if self._first is None:
                continue
            columns = shutil.get_terminal_size().columns
            with self._lock:
                self._write(f"\r{self.text(time.monotonic())[: columns - 1]}\033[K")

    def _count(self, now: float) -> None:
        """Take finished steps off the queue."""
        while self._started and self._started[0][1].is_ready():
            self._done = self._started.popleft()[0]
            if self._first is None:
                self._first = self._done, now

    def text(self, now: float) -> str:
        """Return the live line at time `now`, in seconds."""
        step, last = self._done, self._last
        full = round(WIDEST * step / last)
        parts = [f"step {step:,}/{last:,}", "━" * full + "╌" * (WIDEST - full)]
        first, since = self._first or (step, now)
        if step > first:
            seconds = (now - since) / (step - first)
            parts.append(f"{self._images / seconds:.0f} {self._noun}/s")
            parts.append(f"{duration((last - step) * seconds)} left")
        return "  ".join([*parts, self._values])

    def _write(self, text: str) -> None:
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.EIO):  # `train | head`; a terminal is gone
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self._stop.set()
