"""Where the time of a run went over all its starts: what was useful, and what was lost.

From starts.jsonl (a line each time training starts) and laps.jsonl (a line for each stretch of
steps, including steps that were repeated later); see training/metrics.py. A start that continues
from step s loses all steps after s that were computed before it. What a process did between its
last line and its end, and the time until the next start, are on no line: they are "not running".
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Line = Mapping[str, Any]


class Life(NamedTuple):
    """steps: computed in total. lost: how many of them were lost. seconds: by activity.
    lost_seconds: of "step". elapsed: seconds from the beginning of the first start to the last
    line."""

    starts: int
    steps: int
    lost: int
    seconds: dict[str, float]
    lost_seconds: float
    elapsed: float

    @property
    def not_running(self) -> float:
        return max(self.elapsed - sum(self.seconds.values()), 0.0)

    @property
    def goodput(self) -> float:
        """Share of all time that was spent in steps that were not lost."""
        return (self.seconds.get("step", 0.0) - self.lost_seconds) / max(self.elapsed, 1e-9)


def life(starts: Sequence[Line], laps: Sequence[Line]) -> Life | None:
    """Return what the lines say; None if there are no laps."""
    if not laps:
        return None
    seconds: Counter[str] = Counter()
    for lap in laps:
        seconds.update(lap["seconds"])
    began = [start["step"] for start in starts]
    steps = lost = 0
    lost_seconds = 0.0
    for number, first in enumerate(began):
        own = [lap for lap in laps if lap["start"] == number]
        reached = max((lap["step"] for lap in own), default=first)
        steps += reached - first
        kept = min(max(min(began[number + 1 :], default=reached), first), reached)
        lost += reached - kept
        for lap in own:
            again = lap["step"] - max(lap["first"], kept)
            if again > 0:
                share = again / (lap["step"] - lap["first"])
                lost_seconds += share * lap["seconds"].get("step", 0.0)
    beginning = laps[0]["time"] - sum(laps[0]["seconds"].values())
    elapsed = laps[-1]["time"] - beginning
    return Life(len(starts), steps, lost, dict(seconds), lost_seconds, elapsed)
