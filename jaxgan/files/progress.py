"""A progress line on stderr."""

import sys
import time
from collections.abc import Iterable, Iterator
from types import TracebackType


class Progress:
    """Counts items and prints "1,234 of 70,000 images, 890/s, 77 s left" from time to time.

    On a terminal the line is rewritten twice a second; elsewhere a new line is printed every 10 s.
    """

    def __init__(self, what: str, total: int, done: int = 0, noun: str = "images"):
        """noun: what is counted, in the plural."""
        self.what, self.total, self.done, self.rejected = what, total, done, 0
        self._noun = noun
        self._first, self._start = done, time.monotonic()
        self._terminal = sys.stderr.isatty()
        self._every = 0.5 if self._terminal else 10.0
        self._next = self._start + self._every

    def add(self, rejected: bool = False, count: int = 1) -> None:
        """Count one, or `count` of them."""
        self.done += count
        self.rejected += rejected
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self._every
            self._print()

    def watch(self, items: Iterable) -> Iterator:
        """Count items as they pass."""
        for item in items:
            self.add()
            yield item

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, kind: type | None, error: object, trace: TracebackType | None) -> None:
        if self.done > self._first:
            self._print()
            if self._terminal:
                print(file=sys.stderr)

    def _print(self) -> None:
        rate = (self.done - self._first) / max(time.monotonic() - self._start, 1e-9)
        left = f"{(self.total - self.done) / rate:.0f} s left" if rate else "no rate yet"
        line = f"{self.what}: {self.done:,} of {self.total:,} {self._noun}, {rate:,.0f}/s, {left}"
        line += f", {self.rejected:,} rejected" if self.rejected else ""
        print(f"\r{line}\033[K" if self._terminal else line, end="", file=sys.stderr)
        print("", end="" if self._terminal else "\n", file=sys.stderr, flush=True)
