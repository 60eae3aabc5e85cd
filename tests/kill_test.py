"""Kill a run with SIGKILL at random moments, start it again until it is done, compare all of it.

    python -m tests.kill_test 100 [SEED]      prints `100 of 100 equal`

The run is configs/debug.py with every part that leaves something behind: checkpoints, grids, the
watch. Each life of a run ends at a moment drawn at random from its start to its natural end; half
of them at the first write after it (of a checkpoint, a grid, a log), which the parent sees by the
names of unfinished files.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np
import pytest

from jaxgan.checkpoints import Checkpoints
from jaxgan.run import abstract_state, load_run

ROOT = Path(__file__).parent.parent
COMMAND = [
    *(sys.executable, "-m", "jaxgan", "train", f"--config={ROOT}/configs/debug.py"),
    *("--config.train.sample_every=10", "--config.watch.every=10"),
    *("--config.data.split=train[:95%]", "--config.data.held_out=train[95%:]"),
]
MOST_KILLS = 3  # of a run; then it is left to finish
SMALL = ("--config.data.size=(8, 8)", "--config.train.microbatches=1", "--config.train.steps=20")
SIGNS = ("*.writing*", "*.deleting", "*.tmp")  # of a write in progress


def start(workdir: Path, cache: Path, flags: Sequence[str]) -> subprocess.Popen:
    """Start the run as a user would; compiled programs are shared between all of them."""
    environment = {**os.environ, "JAX_COMPILATION_CACHE_DIR": str(cache), "JAX_PLATFORMS": "cpu"}
    environment["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    with (workdir.parent / f"{workdir.name}.log").open("a") as log:
        return subprocess.Popen(
            [*COMMAND, *flags, f"--workdir={workdir}"], stdout=log, stderr=log, env=environment
        )


def is_writing(workdir: Path) -> bool:
    """Say whether something is being written at this moment."""
    folders = (workdir, workdir / "checkpoints", workdir / "samples")
    return any(next(folder.glob(sign), None) for folder in folders for sign in SIGNS)


def killed_run(
    workdir: Path, cache: Path, flags: Sequence[str], chance: random.Random, usual: float
) -> int:
    """Run until done, killing it at random; return how often. Raises RuntimeError when it fails."""
    for kills in range(MOST_KILLS + 1):
        process = start(workdir, cache, flags)
        inside = chance.random() < 0.5  # a write, rather than at any moment
        moment = time.monotonic() + chance.uniform(0, usual)
        while process.poll() is None and kills < MOST_KILLS:
            if time.monotonic() > moment and (not inside or is_writing(workdir)):
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.001)
        code = process.wait()
        if code == 0:
            return kills
        if code != -signal.SIGKILL:
            log = (workdir.parent / f"{workdir.name}.log").read_text()
            raise RuntimeError(f"exit code {code} after {kills} kills: {log[-2000:]}")
    raise AssertionError("the last life is not killed")


def contents(workdir: Path) -> dict[str, object]:
    """Return all that must be equal: files by their bytes, the last checkpoint by its arrays."""
    files = [*sorted(workdir.glob("samples/*")), workdir / "metrics.jsonl", workdir / "watch.jsonl"]
    found = {path.relative_to(workdir).as_posix(): path.read_bytes() for path in files}
    with Checkpoints(workdir / "checkpoints") as checkpoints:
        found["steps"] = checkpoints.steps()
        state = checkpoints.restore_newest(abstract_state(load_run(workdir)))
    for path, leaf in jax.tree_util.tree_flatten_with_path(state)[0]:
        is_key = jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key)
        array = np.asarray(jax.random.key_data(leaf) if is_key else leaf)
        found[jax.tree_util.keystr(path)] = (array.dtype.str, array.shape, array.tobytes())
    return found


def main(runs: int, seed: int = 0, flags: Sequence[str] = ()) -> int:
    """Compare `runs` killed runs with a whole one; return how many were equal."""
    chance, equal = random.Random(seed), 0
    with tempfile.TemporaryDirectory(prefix="jaxgan-kill-test-") as name:
        folder = Path(name)
        for name in ("compiled", "whole"):  # the second shows how long a run takes
            begin = time.monotonic()
            if start(folder / name, folder / "cache", flags).wait() != 0:
                raise RuntimeError((folder / f"{name}.log").read_text()[-2000:])
            usual = time.monotonic() - begin
            print(f"{name}: {usual:.0f} s", flush=True)
        expected = contents(folder / "whole")
        for number in range(1, runs + 1):
            workdir = folder / f"run{number}"
            kills = killed_run(workdir, folder / "cache", flags, chance, usual)
            found = contents(workdir)
            different = [n for n in {**expected, **found} if expected.get(n) != found.get(n)]
            equal += not different
            print(f"run {number}: {kills} kills, different: {different or 'nothing'}", flush=True)
            shutil.rmtree(workdir)
    print(f"{equal} of {runs} equal ({len(expected)} files and arrays each)")
    return equal


def test_two_killed_runs_equal_a_whole_one():
    assert main(2, seed=1, flags=SMALL) == 2


@pytest.mark.slow
def test_a_hundred_killed_runs_equal_a_whole_one():
    assert main(100) == 100


if __name__ == "__main__":
    jax.config.update("jax_platforms", "cpu")
    number, *rest = map(int, sys.argv[1:])
    sys.exit(main(number, *rest) != number)
