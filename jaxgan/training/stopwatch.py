"""Where the time goes: seconds by what they were spent on."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class Stopwatch:
    """Accumulates wall-clock time per activity, per lap."""

    def __init__(self):
        self._seconds: dict[str, float] = {}
        self._start = time.perf_counter()

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[name] = self._seconds.get(name, 0.0) + time.perf_counter() - start

    def elapsed(self) -> float:
        """Return seconds since the last lap."""
        return time.perf_counter() - self._start

    def lap(self) -> dict[str, float]:
        """Return what the seconds since the last lap were spent on, "other" too; start the next."""
        now = time.perf_counter()
        spent = self._seconds | {"other": now - self._start - sum(self._seconds.values())}
        self._seconds, self._start = {}, now
        return spent


def goodput(spent: Mapping[str, float]) -> str:
    """Return the share of seconds inside the step, and what else took 1 % or more of them.

    A lower bound: the devices may be at work too while the host waits for input or saves.
    """
    percent = {name: 100 * seconds / sum(spent.values()) for name, seconds in spent.items()}
    step = percent.pop("step", 0.0)
    rest = ", ".join(f"{name} {share:.0f}" for name, share in percent.items() if share >= 1)
    return f"goodput {step:.0f} %" + (f" ({rest})" if rest else "")
