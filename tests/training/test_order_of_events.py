"""The order of what several processes do, under signals, deaths and slow links: a model.

A run of the model is a sequence of lives. In a life each process is a generator that follows the
order of training/train.py (a step, the stop protocol of devices/stopping.py, a log line, a
checkpoint) and yields wherever another process, or a death, may come between. A random schedule
picks who moves next. What every schedule must keep:

    all processes that stop do so after the same step, soon after the first signal
    no process waits for ever unless another has died
    a checkpoint that is there under its name can be read, and the log has all lines up to its step
    after the last life the log has each line once

The same schedules find each of five mistakes, so the statements are not empty.
"""

import random

import pytest

LAST, LOG_EVERY, SAVE_EVERY = 24, 3, 6
NEVER = 1 << 62
MISTAKES = ("log late", "name early", "smallest step", "no answer", "keep lines")


class Wrong(Exception):
    """A statement does not hold."""


class Disk:
    """What outlives a life. A checkpoint is complete when all its parts are written."""

    def __init__(self):
        self.lines: list[int] = []
        self.checkpoints: dict[int, int] = {}  # by name -> number of parts

    def newest(self) -> int:
        return max(self.checkpoints, default=0)


class Life:
    """One start of all processes, until they are done, have stopped, or one has died."""

    def __init__(self, disk: Disk, rng: random.Random, count: int, mistake: str):
        self.disk, self.rng, self.count, self.mistake = disk, rng, count, mistake
        self.start = disk.newest()
        if mistake != "keep lines":
            disk.lines = [line for line in disk.lines if line <= self.start]
        self.begun, self.free = [self.start] * count, [self.start + 1] * count
        self.asked, self.told = [False] * count, [0] * count  # when the message arrives; 0: none
        self.held, self.stop = [False] * count, [NEVER] * count
        self.answers: dict[int, int] = {}  # to process 0
        self.parts: dict[int, set[int]] = {}  # of checkpoints that have no name yet
        self.named: set[int] = set()
        self.ends: dict[int, int] = {}
        self.now, self.first = 1, 0  # first: the step at the first signal

    def loop(self, me: int):
        """Train: the main thread of a process."""
        saving, step = 0, self.start
        for step in range(self.start + 1, LAST + 1):
            self.begun[me] = step
            yield True
            # The host waits for the step before, a collective: all must have begun that.
            while min(self.begun) < step - 1:
                yield False
            stops = False
            if step < LAST:
                if not self.held[me] and self.asked[me]:
                    self.held[me], self.free[me] = True, step
                    for other in range(self.count):  # links may be slow
                        self.told[other] = self.told[other] or self.now + self.rng.randint(1, 60)
                        yield True
                if not self.held[me]:
                    self.free[me] = step + 1
                else:
                    while self.stop[me] == NEVER:
                        yield False
                    stops = step == self.stop[me]
            logs = step % LOG_EVERY == 0 or step == LAST
            if logs and me == 0 and self.mistake != "log late":
                yield True
                self.disk.lines.append(step)
            if stops or step % SAVE_EVERY == 0 or step == LAST:
                while saving and saving not in self.named:
                    yield False
                saving = step
                if me == 0 and self.mistake == "name early":
                    self.name(step)
                yield True
                self.parts.setdefault(step, set()).add(me)
                if me == 0:
                    self.threads.append(self.finish(step))
            if logs and me == 0 and self.mistake == "log late":
                yield True
                self.disk.lines.append(step)
            if stops:
                break
            yield True
        while saving and saving not in self.named:
            yield False
        self.ends[me] = step

    def listen(self, me: int):
        """Wait to be told to stop: a thread of each process."""
        while not self.told[me] or self.now < self.told[me]:
            yield False
        if self.mistake == "no answer" and me:
            self.answers[me] = self.free[me]
            yield True
        self.held[me] = True
        yield True
        self.answers.setdefault(me, self.free[me])
        if me == 0:
            while len(self.answers) < self.count:
                yield False
            answers = self.answers.values()
            stop = min(answers) if self.mistake == "smallest step" else max(answers)
            for other in range(self.count):
                yield True
                self.stop[other] = stop

    def finish(self, step: int):
        """Give a checkpoint its name when all processes have written: a thread of process 0."""
        while len(self.parts[step]) < self.count:
            yield False
        yield True
        self.name(step)

    def name(self, step: int) -> None:
        self.disk.checkpoints[step] = len(self.parts.get(step, ()))
        self.named.add(step)

    def live(self, signals: dict[int, int], death: int) -> None:
        """Run a random schedule. signals: process -> when. death: when a process dies, 0: never."""
        mains = {self.loop(me): me for me in range(self.count)}
        self.threads = [*mains, *(self.listen(me) for me in range(self.count))]
        idle = 0
        while len(self.ends) < self.count:
            self.now += 1
            for me, when in signals.items():
                if when <= self.now and not self.asked[me]:
                    self.asked[me] = True
                    self.first = self.first or max(self.begun)
            if death and self.now >= death:
                return  # heartbeats end the others, wherever they are
            thread = self.rng.choice(self.threads)
            try:
                moved = next(thread)
            except StopIteration:
                self.threads.remove(thread)
                moved = True
            idle = 0 if moved else idle + 1
            if idle > 5000:
                raise Wrong("all wait for ever")
        if len(set(self.ends.values())) > 1:
            raise Wrong(f"they stop after different steps: {self.ends}")
        (end,) = set(self.ends.values())
        if end < LAST and not self.first <= end <= self.first + 3:  # two steps after the next look
            raise Wrong(f"a signal in step {self.first} stops after step {end}")
        if end < LAST and not self.disk.checkpoints.get(end):
            raise Wrong(f"stopped after step {end} without a checkpoint")

    def check(self) -> None:
        """Check what is on the disk, at any moment of any life."""
        for step, parts in self.disk.checkpoints.items():
            if parts < self.count:
                raise Wrong(f"the checkpoint of step {step} cannot be read")
            wanted = [s for s in lines_of_all() if s <= step]
            if [line for line in self.disk.lines if line <= step] != wanted:
                raise Wrong(f"a line is missing or double up to step {step}: {self.disk.lines}")


def lines_of_all() -> list[int]:
    return [s for s in range(1, LAST + 1) if s % LOG_EVERY == 0 or s == LAST]


def run(seed: int, mistake: str = "") -> int:
    """Live until the last step is done; return how many lives it took."""
    rng, disk = random.Random(seed), Disk()
    count = rng.randint(1, 4)
    for number in range(1, 30):
        life = Life(disk, rng, count, mistake)
        is_last = number > 6  # nothing more happens
        signals = {me: rng.randint(1, 150 * count) for me in range(count) if rng.random() < 0.3}
        death = rng.randint(1, 250 * count) if rng.random() < 0.5 else 0
        life.live({} if is_last else signals, 0 if is_last else death)
        life.check()
        if life.ends and max(life.ends.values()) == LAST and len(life.ends) == count:
            if disk.lines != lines_of_all():
                raise Wrong(f"the log is {disk.lines}")
            return number
    raise Wrong("never done")


@pytest.mark.parametrize("part", range(4))
def test_every_schedule_ends_well(part):
    lives = [run(seed) for seed in range(part * 500, part * 500 + 500)]
    assert max(lives) > 3 and min(lives) == 1


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(mistake):
    with pytest.raises(Wrong):
        for seed in range(500):
            run(seed, mistake)
