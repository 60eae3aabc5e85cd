"""Who is stuck: a rule of numbers, and the time that counts."""

import pytest

from jaxgan.devices.heartbeat import PERIOD, Unchanged
from jaxgan.devices.stuck import Place, limit, stuck, verdict


def place(moves, still=0.0, limit=300.0, phase="step", step=17, host="a"):
    return Place(host, step, phase, moves, still, limit)


def test_nobody_is_stuck_while_the_slowest_is_within_its_limit():
    assert stuck({}) == []
    assert stuck({0: place(9, 299), 1: place(9, 299)}) == []
    # The others wait for process 1, for longer than they ever did, and it is at work.
    assert stuck({0: place(9, 900), 1: place(7, 200, phase="input")}) == []


def test_who_has_begun_the_fewest_activities_is_the_one_that_all_wait_for():
    places = {0: place(9, 400), 1: place(7, 401, phase="input"), 2: place(8, 400)}
    assert stuck(places) == [1]
    assert verdict(places) == (
        "process 1 on a is stuck in phase 'reading' of step 17: no progress for 401 s, 300 s are "
        "allowed"
    )
    # Its limit counts, not that of the others.
    assert stuck(places | {1: place(7, 401, limit=2000)}) == []


def test_all_are_named_where_none_is_behind():
    places = {0: place(9, 400, host="a"), 1: place(9, 301, host="b"), 2: place(9, 299)}
    assert stuck(places) == [0, 1]
    assert verdict(places).startswith("processes 0 on a, 1 on b are stuck in phase 'step'")
    assert verdict({i: place(9, 301, host="h") for i in range(99)}).count(" on h") == 10


@pytest.mark.parametrize(
    ("phase", "past", "seconds"),
    [
        ("starting", [], 3600),
        ("compile", [], 3600),  # a long first compilation
        ("step", [], 3600),
        ("step", [0.3] * 9, 300),
        ("step", [0.3] * 9 + [900], 300),  # one that was slow does not make the next wait
        ("input", [30, 40, 50], 800),  # slow, but moving
        ("checkpoint", [0.01, 0.01, 0.01], 1800),  # a save waits for the one before
        ("checkpoint", [100, 200, 300], 4000),
        ("watch", [1, 1], 1800),
    ],
)
def test_limits(phase, past, seconds):
    assert limit(phase, past, 300) == pytest.approx(seconds)
    assert limit(phase, [], 5) == 60


def test_time_that_a_process_missed_does_not_count():
    unchanged = Unchanged()
    assert unchanged("a", 1, 0.0) == 0
    assert unchanged("a", 1, PERIOD) == PERIOD
    assert unchanged("b", 1, PERIOD) == 0
    assert unchanged("a", 1, 3600.0) == 3 * PERIOD  # the machine was suspended
    assert unchanged("a", 2, PERIOD) == 0
    assert unchanged("a", 2, PERIOD) == PERIOD
