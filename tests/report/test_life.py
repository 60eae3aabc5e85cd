"""The life of a run: steps and seconds over all its starts."""

import pytest

from jaxgan.report.life import life


def lap(start, first, step, time, /, **seconds):
    return {"start": start, "first": first, "step": step, "time": time, "seconds": seconds}


STARTS = [{"step": 0}, {"step": 10}, {"step": 5}]
LAPS = [
    lap(0, 0, 0, 103.0, starting=3.0),  # began at 100
    lap(0, 0, 1, 113.0, compile=9.0, input=1.0),
    lap(0, 1, 10, 122.0, step=9.0),
    lap(0, 10, 20, 134.0, step=10.0, checkpoint=2.0),  # killed later; started again from 10
    lap(1, 10, 10, 150.0, starting=3.0),
    lap(1, 10, 12, 160.0, compile=8.0, step=2.0),  # killed; started from 5
    lap(2, 5, 5, 200.0, starting=4.0),
    lap(2, 5, 30, 230.0, compile=5.0, step=24.0, watch=1.0),
]


def test_steps_and_seconds_of_a_run_that_was_killed_twice():
    found = life(STARTS, LAPS)
    assert found is not None
    assert (found.starts, found.steps, found.lost) == (3, 20 + 2 + 25, 15 + 2)
    assert found.steps - found.lost == 30  # where it is
    assert found.seconds == {
        "starting": 10.0, "compile": 22.0, "input": 1.0, "step": 45.0, "checkpoint": 2.0,
        "watch": 1.0,
    }  # fmt: skip
    # Steps 6 to 10 of the first start: 5 of the 9 s; 11 to 20; 11 and 12 of the second.
    assert found.lost_seconds == pytest.approx(5.0 + 10.0 + 2.0)
    assert found.elapsed == 130.0
    assert found.not_running == pytest.approx(130.0 - 81.0)
    assert found.goodput == pytest.approx((45 - 17) / 130)


def test_a_run_that_was_never_interrupted_loses_nothing():
    found = life(STARTS[:1], LAPS[:4])
    assert found is not None
    assert (found.steps, found.lost, found.lost_seconds) == (20, 0, 0.0)
    assert found.not_running == 0.0
    assert life(STARTS, []) is None


def test_a_start_that_left_no_lap_loses_nothing_of_its_own():
    found = life([{"step": 0}, {"step": 10}, {"step": 10}], LAPS[:4])
    assert found is not None and (found.steps, found.lost) == (20, 10)
