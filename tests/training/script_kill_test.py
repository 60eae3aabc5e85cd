"""Kill prepare, train, evaluate and export with SIGKILL; start them again until they are done.

    python -m tests.training.script_kill_test 1000 [SEED]

It prints how many kills hit which command, and how many runs were equal.

A run is four commands, one after the other, as in a script: a data set from a folder of pictures,
configs/debug.py on it, scores, a file of the generator. Each life starts with the first command
again, as a job that is queued again does: prepare and train say that there is nothing to do, the
script leaves out evaluate and export once what they make is there. A life ends at a moment drawn
from a whole one's length, or at a change of the run's folder (kill_test.py). After MOST kills the
run is left to finish, and every file is compared with those of a run that was not killed, byte by
byte; checkpoints by their arrays.
"""

import collections
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image

from jaxgan import main
from jaxgan.files.tensors import read_tensors
from tests.training.kill_test import ROOT, SMALL, Runs, on_disk, processes

MOST = 12  # kills of a run; then it is left to finish
PARTS = ("prepare", "train", "evaluate", "export")
RESULTS, EXPORTED = "run/results.jsonl", "generator.safetensors"
DONE = {"evaluate": RESULTS, "export": EXPORTED}  # what the command makes
EVALUATE = "--config.evaluate."


def commands(folder: Path) -> list[list[str]]:
    """Return the command lines of a run, the current folder being its own."""
    debug = f"--config={ROOT}/configs/debug.py"
    flags = ["--config.train.sample_every=10", "--config.watch.every=10", *SMALL]
    flags += ["--config.train.checkpoint_every=5", "--config.data.name=data"]
    scores = [f"{EVALUATE}samples=64", f"{EVALUATE}batch=32", f"{EVALUATE}metrics=fd,is,copies"]
    return [
        ["prepare", str(folder / "pictures"), "data", "--shards=4", "--workers=1"],
        ["train", debug, "--workdir=run", *flags],
        ["evaluate", "run", *scores],
        ["export", "run", f"--output={EXPORTED}", "--truncations=0.5,1"],
    ]


def live(folder: Path, name: str) -> None:
    """Be one life of a run, in a process of its own; programs compiled before are read."""
    os.chdir(folder / name)
    with (folder / f"{name}.log").open("a") as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())
    os.environ["XDG_CACHE_HOME"] = str(folder / name / "cache")
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_compilation_cache_dir", str(folder / "compiled"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    for part, argv in zip(PARTS, commands(folder), strict=True):
        Path("part").write_text(part)
        if part in DONE and Path(DONE[part]).exists():
            continue
        sys.argv = ["jaxgan", *argv]
        try:
            main.run()
        except SystemExit as end:
            if end.code:
                raise
    Path("part").write_text("done")


class Scripts:
    """Runs in one folder. `usual`, `changes`: of a whole life; `kills`: by the part that it hit."""

    def __init__(self, folder: Path):
        self.folder, self.usual, self.changes = folder, 0.0, 0
        self.kills: collections.Counter[str] = collections.Counter()
        draw_pictures(folder / "pictures")

    def life(self, name: str, moment: float = np.inf, change: float = np.inf) -> bool:
        """Start or continue a run; kill it after `moment` seconds or at change number `change`.

        Return whether it was killed. Raises RuntimeError when it fails by itself.
        """
        place = self.folder / name
        place.mkdir(exist_ok=True)
        process = processes.Process(target=live, args=(self.folder, name))
        process.start()
        begin, changes, last = time.monotonic(), 0, on_disk(place)
        while process.is_alive():
            if moment == np.inf:  # else looking would only cost time
                now = on_disk(place)
                changes, last = changes + (now != last), now
            if time.monotonic() - begin > moment or changes >= change:
                process.kill()
            process.join(0.005)
        if process.exitcode == 0:
            self.usual = self.usual or time.monotonic() - begin
            self.changes = self.changes or changes
            return False
        if process.exitcode != -signal.SIGKILL:
            log = (self.folder / f"{name}.log").read_text()
            raise RuntimeError(f"{name}: exit code {process.exitcode}: {log[-2000:]}")
        self.kills[part.read_text() if (part := place / "part").exists() else "start"] += 1
        return True

    def killed(self, name: str, chance: random.Random) -> int:
        """Run until done, killed at random; return how often."""
        kills = 0
        while kills < MOST:
            if chance.random() < 0.5:
                drawn = {"moment": chance.uniform(0, self.usual)}
            else:
                drawn = {"change": chance.randint(1, self.changes)}
            if not self.life(name, **drawn):
                return kills
            kills += 1
        self.life(name)
        return kills

    def contents(self, name: str) -> dict[str, object]:
        """Return all that must be equal: but for the date in the generator's file."""
        place = self.folder / name
        found = Runs(place, ()).contents("run")
        found |= {
            path.relative_to(place).as_posix(): path.read_bytes()
            for path in (place / "data").rglob("*")
            if path.is_file()
        }
        found[RESULTS] = (place / RESULTS).read_bytes()
        arrays, metadata = read_tensors(place / EXPORTED)
        exported = {name: (a.shape, a.tobytes()) for name, a in arrays.items()}
        return found | {"exported": (exported, metadata | {"date": ""})}


def draw_pictures(folder: Path) -> None:
    """Write 96 pictures of four classes."""
    rng = np.random.default_rng(0)
    for label in range(4):
        (folder / f"class{label}").mkdir(parents=True)
        for number in range(24):
            noise = rng.integers(0, 60, (8, 8), np.uint8) + np.uint8(40 * label)
            Image.fromarray(noise).save(folder / f"class{label}" / f"{number:02d}.png")


def kills(count: int, seed: int = 0) -> bool:
    """Kill until it was done `count` times; return whether all runs were equal to a whole one."""
    equal, number, begin = 0, 0, time.monotonic()
    with tempfile.TemporaryDirectory(prefix="jaxgan-kills-") as folder:
        scripts = Scripts(Path(folder))
        scripts.life("compiled")
        scripts.usual, scripts.changes = 0.0, 0
        scripts.life("whole")
        print(f"a life: {scripts.usual:.1f} s, {scripts.changes} changes", flush=True)
        expected = scripts.contents("whole")
        while scripts.kills.total() < count:
            number += 1
            name = f"run{number}"
            most = scripts.killed(name, random.Random(f"{seed} {number}"))
            found = scripts.contents(name)
            different = [n for n in {**expected, **found} if expected.get(n) != found.get(n)]
            equal += not different
            so_far = f"{scripts.kills.total()} kills so far"
            print(
                f"{name}: {most} kills, different: {different or 'nothing'}; {so_far}", flush=True
            )
            if different:
                kept = Path(tempfile.mkdtemp(prefix="jaxgan-unequal-"))
                shutil.copytree(scripts.folder / name, kept / name)
                shutil.copytree(scripts.folder / "whole", kept / "whole")
                print(f"kept in {kept}", flush=True)
            shutil.rmtree(scripts.folder / name)
        by_part = ", ".join(f"{n} {part}" for part, n in scripts.kills.items())
        print(
            f"{scripts.kills.total()} kills ({by_part}), {equal} of {number} runs equal "
            f"({len(expected)} files and arrays each, {time.monotonic() - begin:.0f} s)"
        )
    return equal == number


@pytest.mark.slow
def test_scripts_that_are_killed_equal_a_whole_one():
    assert kills(12, seed=1)


if __name__ == "__main__":
    jax.config.update("jax_platforms", "cpu")
    sys.exit(not kills(*map(int, sys.argv[1:])))
