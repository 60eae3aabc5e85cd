"""Kill a run with SIGKILL at random moments, start it again until it is done, compare all of it.

    python -m tests.kill_test 100 [SEED]      prints `100 of 100 equal`

The run is configs/debug.py with every part that leaves something behind: checkpoints, grids, the
watch. Each life of a run ends at a moment drawn at random from its start to its natural end, or at
a moment that is drawn inside the writing of a checkpoint, of a grid, or of the log: the run
announces those to this script, which is its parent, and waits for nothing.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
COMMAND = [
    *(sys.executable, "-m", "jaxgan", "train", f"--config={ROOT}/configs/debug.py"),
    *("--config.train.sample_every=10", "--config.watch.every=10"),
    *("--config.data.split=train[:95%]", "--config.data.held_out=train[95%:]"),
]
MOST_LIVES = 12  # after so many kills a run is left to finish
SIGNS = ("*.writing*", "*.deleting", "*.tmp")  # of a write in progress


def start(workdir: Path, cache: Path) -> subprocess.Popen:
    """Start the run as a user would; compiled programs are shared between all of them."""
    environment = {**os.environ, "JAX_COMPILATION_CACHE_DIR": str(cache), "JAX_PLATFORMS": "cpu"}
    environment["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    with (workdir.parent / f"{workdir.name}.log").open("a") as log:
        return subprocess.Popen(
            [*COMMAND, f"--workdir={workdir}"], stdout=log, stderr=log, env=environment, cwd=ROOT
        )


def is_writing(workdir: Path) -> bool:
    """Say whether something is being written at this moment."""
    folders = (workdir, workdir / "checkpoints", workdir / "samples")
    return any(next(folder.glob(sign), None) for folder in folders for sign in SIGNS)


def killed_run(workdir: Path, cache: Path, chance: random.Random, usual: float) -> int:
    """Run until done, killing it at random; return how often. Raises RuntimeError when it fails."""
    for kills in range(MOST_LIVES + 1):
        process = start(workdir, cache)
        inside = chance.random() < 0.5  # a write, rather than at any moment
        moment = time.monotonic() + chance.uniform(0, usual)
        while process.poll() is None and kills < MOST_LIVES:
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
    raise RuntimeError(f"not done after {MOST_LIVES} kills")


def contents(workdir: Path) -> dict[str, object]:
    """Return all that must be equal: files by their bytes, the last checkpoint by its arrays."""
    import numpy as np
    from orbax.checkpoint import v1 as ocp

    from jaxgan import manifest

    files = [*sorted(workdir.glob("samples/*")), workdir / "metrics.jsonl", workdir / "watch.jsonl"]
    found = {path.relative_to(workdir).as_posix(): path.read_bytes() for path in files}
    steps = sorted(int(path.name) for path in (workdir / "checkpoints").iterdir())
    found["steps"] = steps
    newest = workdir / "checkpoints" / str(steps[-1])
    manifest.verify(newest)
    found["leaves"] = manifest.read(newest)["leaves"]

    def walk(tree, prefix=""):
        for name, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            if isinstance(value, dict | list | tuple):
                walk(value, f"{prefix}/{name}")
            elif value is not None:
                array = np.asarray(value)
                found[f"{prefix}/{name}"] = (array.dtype.str, array.shape, array.tobytes())

    walk(ocp.load(newest))
    return found


def main(runs: int, seed: int = 0) -> int:
    chance, equal = random.Random(seed), 0
    folder = Path(tempfile.mkdtemp(prefix="jaxgan-kill-test-"))
    whole, cache = folder / "whole", folder / "cache"
    for name in ("compiling", "whole"):  # the second shows how long a run takes
        shutil.rmtree(whole, ignore_errors=True)
        begin = time.monotonic()
        if start(whole, cache).wait() != 0:
            raise RuntimeError((folder / "whole.log").read_text()[-2000:])
        usual = time.monotonic() - begin
        print(f"{name}: {usual:.0f} s", flush=True)
    expected = contents(whole)
    for number in range(runs):
        workdir = folder / f"run{number}"
        kills = killed_run(workdir, cache, chance, usual)
        found = contents(workdir)
        different = [n for n in {**expected, **found} if expected.get(n) != found.get(n)]
        equal += not different
        print(f"run {number + 1}: {kills} kills, different: {different or 'nothing'}", flush=True)
        if not different:
            shutil.rmtree(workdir)
    print(f"{equal} of {runs} equal ({len(expected)} files and arrays each)")
    if equal == runs:
        shutil.rmtree(folder)
    return 0 if equal == runs else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
