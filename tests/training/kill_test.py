"""Kill a run with SIGKILL at random moments, start it again until it is done, compare all of it.

    python -m tests.training.kill_test 100 [SEED]      prints `100 of 100 equal`

The run is configs/debug.py with every part that leaves something behind: checkpoints, grids, the
log, the watch. It is killed one to three times, each life at a moment drawn from its whole length,
or at one drawn from the changes that it makes to its folder: a file of a checkpoint that is being
written, a line of a log, a rename. A run that was done before its first moment came is not counted.

A life begins as a fork of a process that has imported the package and done nothing else: imports
are half of the time of such a short run, and to be killed in them leaves nothing behind. Two runs
are killed side by side.
"""

import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jax
import numpy as np
import pytest

from jaxgan import main
from jaxgan.training.checkpoints import Checkpoints
from jaxgan.training.run import abstract_state, load_run

ROOT = Path(__file__).parents[2]
COMMAND = [
    *("train", f"--config={ROOT}/configs/debug.py"),
    *("--config.train.sample_every=10", "--config.watch.every=10"),
    *("--config.data.split=train[:95%]", "--config.data.held_out=train[95%:]"),
]
SMALL = ("--config.data.size=(8, 8)", "--config.train.microbatches=1", "--config.train.steps=20")
MOST_KILLS = 3  # of a run; then it is left to finish
processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["jaxgan.training.train", "pytest"])


def live(argv: list[str], cache: Path, log: Path) -> None:
    """Be `jaxgan train ...`, in a process of its own; programs compiled before are read."""
    with log.open("a") as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_compilation_cache_dir", str(cache))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    sys.argv = ["jaxgan", *argv]
    main.run()


def on_disk(workdir: Path) -> tuple:
    """Return what changes whenever the run changes its folder."""
    names = [(folder, *folders, *files) for folder, folders, files in os.walk(workdir)]
    return names, [log.stat().st_size for log in workdir.glob("*.jsonl")]


class Runs:
    """Runs of the same flags in one folder. `usual`, `changes`: a whole life's, once measured."""

    def __init__(self, folder: Path, flags: Sequence[str]):
        self.folder, self.flags = folder, flags
        self.usual, self.changes, self.abstract = 0.0, 0, None

    def life(self, name: str, moment: float = np.inf, change: float = np.inf) -> bool:
        """Start or continue a run; kill it after `moment` seconds or at change number `change`.

        Return whether it was killed. Raises RuntimeError when it fails by itself.
        """
        workdir, log = self.folder / name, self.folder / f"{name}.log"
        argv = [*COMMAND, *self.flags, f"--workdir={workdir}"]
        process = processes.Process(target=live, args=(argv, self.folder / "cache", log))
        process.start()
        begin, changes, last = time.monotonic(), 0, on_disk(workdir)
        while process.is_alive():
            if moment == np.inf:  # else looking would only cost time
                now = on_disk(workdir)
                changes, last = changes + (now != last), now
            if time.monotonic() - begin > moment or changes >= change:
                process.kill()
            process.join(0.005)
        if process.exitcode == 0:
            self.usual = time.monotonic() - begin
            self.changes = changes or self.changes
        elif process.exitcode != -signal.SIGKILL:
            raise RuntimeError(f"exit code {process.exitcode}: {log.read_text()[-2000:]}")
        return process.exitcode != 0

    def killed(self, number: int, chance: random.Random) -> int:
        """Run until done, killed at random; return how often."""
        name, kills = f"run{number}", 0
        while not kills:
            shutil.rmtree(self.folder / name, ignore_errors=True)
            most = chance.randint(1, MOST_KILLS)
            while self.life(name, **self.draw(chance) if kills < most else {}):
                kills += 1
        return kills

    def draw(self, chance: random.Random) -> dict[str, float]:
        """Return when a life ends."""
        if chance.random() < 0.5:
            return {"moment": chance.uniform(0, self.usual)}
        return {"change": chance.randint(1, self.changes)}

    def contents(self, name: str) -> dict[str, object]:
        """Return all that must be equal: files by bytes, the last checkpoint by its arrays.

        A hidden temporary file is what a kill in the middle of a write leaves (files/atomic.py).
        """
        workdir = self.folder / name
        files = [*workdir.glob("samples/[!.]*"), *workdir.glob("metrics.jsonl")]
        files += workdir.glob("watch.jsonl")
        found = {path.relative_to(workdir).as_posix(): path.read_bytes() for path in files}
        with Checkpoints(workdir / "checkpoints") as checkpoints:
            found["steps"] = checkpoints.steps()
            self.abstract = self.abstract or abstract_state(load_run(workdir))  # of all the same
            state = checkpoints.restore_newest(self.abstract)
        for path, leaf in jax.tree_util.tree_flatten_with_path(state)[0]:
            is_key = jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key)
            array = np.asarray(jax.random.key_data(leaf) if is_key else leaf)
            found[jax.tree_util.keystr(path)] = (array.dtype.str, array.shape, array.tobytes())
        return found


def kill_test(count: int, seed: int = 0, flags: Sequence[str] = ()) -> int:
    """Compare `count` killed runs with a whole one; return how many were equal."""
    equal, kills, lock, begin = 0, 0, threading.Lock(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="jaxgan-kill-test-") as folder:
        runs = Runs(Path(folder), flags)
        runs.life("compiled")
        runs.life("whole")  # this one shows how long a life is
        print(f"a life: {runs.usual:.1f} s, {runs.changes} changes of its folder", flush=True)
        expected = runs.contents("whole")

        def one(number: int) -> tuple[int, bool]:
            killed = runs.killed(number, random.Random(f"{seed} {number}"))
            with lock:
                found = runs.contents(f"run{number}")
            different = [n for n in {**expected, **found} if expected.get(n) != found.get(n)]
            print(f"run {number}: {killed} kills, different: {different or 'nothing'}", flush=True)
            shutil.rmtree(runs.folder / f"run{number}")
            return killed, not different

        with ThreadPoolExecutor(2) as two:
            for killed, same in two.map(one, range(1, count + 1)):
                kills, equal = kills + killed, equal + same
    print(
        f"{equal} of {count} equal ({kills} kills, {len(expected)} files and arrays each, "
        f"{time.monotonic() - begin:.0f} s)"
    )
    return equal


def test_two_killed_runs_equal_a_whole_one():
    assert kill_test(2, seed=1, flags=SMALL) == 2


@pytest.mark.slow
def test_a_hundred_killed_runs_equal_a_whole_one():
    assert kill_test(100) == 100


if __name__ == "__main__":
    jax.config.update("jax_platforms", "cpu")
    number, *rest = map(int, sys.argv[1:])
    sys.exit(kill_test(number, *rest) != number)
