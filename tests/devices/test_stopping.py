"""Stopping at one step: the protocol, with threads for processes and a slow store."""

import random
import threading
import time

import pytest

from jaxgan.devices.stopping import Together, stopping


class Store:
    """The coordinator's key-value store in this process. Every answer takes its time."""

    def __init__(self, rng, slowest=0.0):
        self._values, self._changed = {}, threading.Condition()
        self._rng, self._slowest = rng, slowest

    def key_value_set(self, key, value, allow_overwrite=False):
        self._delay()
        with self._changed:
            assert allow_overwrite or key not in self._values
            self._values[key] = value
            self._changed.notify_all()

    def blocking_key_value_get(self, key, timeout_in_ms):
        with self._changed:
            assert self._changed.wait_for(lambda: key in self._values, timeout_in_ms / 1000), key
            value = self._values[key]
        self._delay()
        return value

    def _delay(self):
        if self._slowest:
            time.sleep(self._rng.uniform(0, self._slowest))


def run(seed, last=60, most_ahead=2):
    """Train with 1 to 5 processes; signals at random steps. Return ({process: step}, signals)."""
    rng = random.Random(seed)
    count, slowest = rng.randint(1, 5), rng.choice([0.0, 0.001, 0.01])
    signals = {}  # step of each process that is asked
    for index in range(count):
        if rng.random() < 0.5:
            signals[index] = rng.randint(1, last)
    store, done = Store(rng, slowest), [0] * count
    moved, ends = threading.Condition(), {}

    def process(index):
        asked = threading.Event()
        together = Together(store, "test", index, count, asked, 1)
        pace = random.Random(f"{seed} {index}")
        for step in range(1, last + 1):
            if signals.get(index) == step:
                asked.set()
            with moved:  # a collective: nobody is far ahead of the slowest
                done[index] = step
                moved.notify_all()
                assert moved.wait_for(lambda s=step: min(done) >= s - most_ahead, 20), "stands"
            if slowest:
                time.sleep(pace.uniform(0, 0.002))
            if step < last and together.after(step):
                break
        ends[index] = step
        together.close()

    threads = [threading.Thread(target=process, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return ends, signals, count


@pytest.mark.parametrize("seeds", [range(0, 40), range(40, 80)])
def test_all_stop_after_one_step_soon_after_the_first_signal(seeds):
    stopped = 0
    for seed in seeds:
        ends, signals, count = run(seed)
        assert len(ends) == count and len(set(ends.values())) == 1, (seed, ends, signals)
        (end,) = set(ends.values())
        first = min(signals.values(), default=60)
        assert first <= end <= min(first + 3, 60), (seed, ends, signals)
        stopped += end < 60
    assert stopped > len(seeds) / 2


def test_a_loop_that_has_ended_answers_those_still_in_it():
    """Process 0 goes back to a checkpoint before process 1 does, which is then asked to stop."""
    store, asked = Store(random.Random(0)), threading.Event()
    first = Together(store, "test", 0, 2, threading.Event(), 1)
    other = Together(store, "test", 1, 2, asked, 1)
    assert not first.after(1)
    first.close()
    asked.set()
    assert not other.after(1) and not other.after(2)
    other.close()


def test_alone_a_flag_suffices():
    asked = threading.Event()
    with stopping(asked, 1) as is_stopped_after:
        assert not is_stopped_after(1)
        asked.set()
        assert is_stopped_after(2)
