"""Find the process that the others wait for: it is alive, but does not move.

All processes of a run go through the same activities in the same order, and each counts those it
has begun (`moves`). The others can be a step or two ahead of the slowest; then a collective holds
them. So the process that has begun the fewest is the one that all wait for, and it is stuck if its
present phase has lasted longer than the limit of that phase:

    starting, or a phase that this process has never finished    12 x patience
    step, reading                           max(patience, 20 x the median of its last 64)
    compiling, saving, sampling, evaluating, other work
                                        max(6 x patience, 20 x the median of its last 64)

with a patience of 300 s unless JAXGAN_STUCK says otherwise. A process that is always slow has a
large median; a first compilation, and a save that waits for storage, have long limits.
"""

import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

PATIENCE = 300  # seconds
REMEMBERED = 64  # durations of a phase
TIMES, SLOW, FIRST = 20.0, 6.0, 12.0
QUICK = ("step", "input")
WORDS = {  # names in messages of the activities of training/stopwatch.py
    "input": "reading",
    "compile": "compiling",
    "samples": "sampling",
    "watch": "evaluating",
    "checkpoint": "saving",
    "other": "other work",
}


class Place(NamedTuple):
    """Where a process is in its loop.

    moves: number of activities begun since its start. still: seconds without a move, counted while
      the process was running. limit: seconds after which it counts as stuck.
    """

    host: str
    step: int
    phase: str
    moves: int
    still: float
    limit: float


def limit(phase: str, past: Sequence[float], patience: float) -> float:
    """Return for how many seconds a phase may last, given its `past` durations in seconds."""
    if not past:
        return FIRST * patience
    least = patience if phase in QUICK else SLOW * patience
    return max(least, TIMES * statistics.median(past))


def stuck(places: Mapping[int, Place]) -> list[int]:
    """Return the processes that the others wait for; [] while none of them is over its limit.

    They are several if none is behind another: then storage, the network or a device holds all of
    them.
    """
    fewest = min((place.moves for place in places.values()), default=0)
    return [
        index
        for index, place in sorted(places.items())
        if place.moves == fewest and place.still > place.limit
    ]


def verdict(places: Mapping[int, Place]) -> str:
    """Return one line that names the stuck processes, where and for how long; "" if there are
    none."""
    found = stuck(places)
    if not found:
        return ""
    place = places[found[0]]
    phase = WORDS.get(place.phase, place.phase)
    who = ", ".join(f"{index} on {places[index].host}" for index in found[:10])
    who += ", ..." if len(found) > 10 else ""
    subject = f"process {who} is" if len(found) == 1 else f"processes {who} are"
    return (
        f"{subject} stuck in phase '{phase}' of step {place.step}: no progress for "
        f"{place.still:.0f} s, {place.limit:.0f} s are allowed"
    )
