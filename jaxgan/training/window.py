"""Means over the steps between two lines of the log.

The sums are saved in checkpoints, so that the log of a run that was interrupted between two lines
equals an uninterrupted one's, byte for byte.
"""

from collections.abc import Iterable, Mapping
from typing import SupportsFloat

LARGEST = "/bad_leaf"  # for such metrics, the largest value instead of the mean

Sums = dict[str, list[float]]  # {metric: [sum, number of steps that have it]}


class Window:
    """Sums of metrics since the last line of the log. A lazy term is averaged over its own
    steps."""

    def __init__(self, sums: Mapping[str, list[float]] | None = None):
        """sums: those of a checkpoint, to continue from."""
        self.sums: Sums = {name: list(pair) for name, pair in (sums or {}).items()}

    def add(self, history: Iterable[Mapping[str, SupportsFloat]]) -> None:
        """Add the metrics of some steps, in order."""
        for metrics in history:
            for name, value in metrics.items():
                total, count = self.sums.get(name, (None, 0))
                value = float(value)
                if name.endswith(LARGEST):
                    self.sums[name] = [value if total is None else max(total, value), 1]
                else:
                    self.sums[name] = [(total or 0.0) + value, count + 1]

    def close(self) -> dict[str, float]:
        """Return the means, and start the next window."""
        means = {name: total / count for name, (total, count) in sorted(self.sums.items())}
        self.sums = {}
        return means
