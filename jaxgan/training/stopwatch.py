"""Where the time goes: what a process is doing, and the seconds spent per activity."""

import collections
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from jaxgan.devices import stuck


class Stopwatch:
    """Accumulates wall-clock time per activity, per lap. Activities do not overlap.

    step, phase, moves: where the process is, for its heartbeat: the step (set by the loop), the
    activity, and the number of activities begun.
    """

    def __init__(self):
        self.step, self.phase, self.moves = 0, "starting", 0
        self._past: dict[str, collections.deque[float]] = {}
        self._since = self._start = time.perf_counter()
        self._seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        self._begin(name)
        start = self._since
        try:
            yield
        finally:
            self._begin("other")
            self._seconds[name] = self._seconds.get(name, 0.0) + self._since - start

    def past(self, phase: str) -> list[float]:
        """Return the seconds that a phase took, the last few times."""
        return list(self._past.get(phase, ()))

    def _begin(self, phase: str) -> None:
        now = time.perf_counter()
        past = self._past.setdefault(self.phase, collections.deque(maxlen=stuck.REMEMBERED))
        past.append(now - self._since)
        self.phase, self._since = phase, now
        self.moves += 1

    def elapsed(self) -> float:
        """Return seconds since the last lap."""
        return time.perf_counter() - self._start

    def lap(self) -> dict[str, float]:
        """Return the seconds since the last lap per activity, including "other", and start the next
        lap."""
        now = time.perf_counter()
        spent = self._seconds | {"other": now - self._start - sum(self._seconds.values())}
        self._seconds, self._start = {}, now
        return spent


def goodput(spent: Mapping[str, float]) -> str:
    """Return the share of seconds inside the step, and what else took 1 % or more of them.

    It is a lower bound: devices may still be computing while the host waits for input or saves.
    """
    percent = {name: 100 * seconds / sum(spent.values()) for name, seconds in spent.items()}
    step = percent.pop("step", 0.0)
    rest = ", ".join(f"{name} {share:.0f}" for name, share in percent.items() if share >= 1)
    return f"goodput {step:.0f} %" + (f" ({rest})" if rest else "")
