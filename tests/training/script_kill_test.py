"""Kill prepare, train, evaluate and export with SIGKILL; start them again until they are done.

    python -m tests.training.script_kill_test 1000 [SEED]

It prints how many kills hit which command, and how many runs were equal.

A run is four commands, one after the other, as in a script: a data set from a folder of pictures,
configs/debug.py on it, scores, a file of the generator. Each life starts with the first command
again, as a job that is queued again does: prepare and train say that there is nothing to do, the
script leaves out evaluate and export once what they make is there. A script may end early, after a
command that is drawn. A life ends at a moment drawn from one of its commands, or at a change that
this makes to the run's folder (kill_test.py). After MOST kills the run is left to finish, and every
file is compared with those of a run that was not killed, byte by byte; checkpoints by their arrays.
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
    scores = [f"{EVALUATE}samples=16", f"{EVALUATE}batch=16", f"{EVALUATE}metrics=fd,is,copies"]
    return [
        ["prepare", str(folder / "pictures"), "data", "--shards=4", "--workers=1"],
        ["train", debug, "--workdir=run", *flags],
        ["evaluate", "run", *scores],
        ["export", "run", f"--output={EXPORTED}", "--truncations=0.5,1"],
    ]


def live(folder: Path, name: str, last: str) -> None:
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
        if part == last:
            break
    Path("part").write_text("done")


class Scripts:
    """Runs in one folder. `seconds`, `changes`: of each command of a whole life; `kills`: which
    command they hit."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.seconds: dict[str, float] = {}
        self.changes: collections.Counter[str] = collections.Counter()
        self.kills: collections.Counter[str] = collections.Counter()
        draw_pictures(folder / "pictures")

    def life(self, name: str, last: str = PARTS[-1], part: str = "", **end: float) -> bool:
        """Start or continue a run, up to the command `last`; return whether it was killed.

        part: a command; it is killed after end["moment"] seconds of it, or after as many changes of
          the run's folder as end["change"] says.
        Raises RuntimeError when it fails by itself.
        """
        place = self.folder / name
        place.mkdir(exist_ok=True)
        (place / "part").write_text("start")
        process = processes.Process(target=live, args=(self.folder, name, last))
        process.start()
        then, changes, now, before = time.monotonic(), 0, "start", on_disk(place)
        while process.is_alive():
            current, after = (place / "part").read_text() or now, on_disk(place)
            if current != now:
                self.seconds.setdefault(now, time.monotonic() - then)
                then, changes, now = time.monotonic(), 0, current
            if after != before:
                changes, before = changes + 1, after
                self.changes[now] += not part  # of a life that nothing ends
            is_over = time.monotonic() - then > end.get("moment", np.inf)
            if now == part and (is_over or changes >= end.get("change", np.inf)):
                process.kill()
            process.join(0.005)
        if process.exitcode == 0:
            return False
        if process.exitcode != -signal.SIGKILL:
            log = (self.folder / f"{name}.log").read_text()
            raise RuntimeError(f"{name}: exit code {process.exitcode}: {log[-2000:]}")
        self.kills[now] += 1
        return True

    def killed(self, name: str, chance: random.Random) -> tuple[int, str]:
        """Run up to a command that is drawn, killed at random; return how often, and which it was.

        Half of the kills hit this command, the others any before it.
        """
        kills, last = 0, chance.choice(PARTS)
        before = PARTS[: PARTS.index(last) + 1]
        while kills < MOST:
            part = last if chance.random() < 0.5 else chance.choice(before)
            if chance.random() < 0.5:
                end = {"moment": chance.uniform(0, self.seconds[part])}
            else:
                end = {"change": chance.randint(1, max(1, self.changes[part]))}
            if not self.life(name, last, part, **end):
                return kills, last
            kills += 1
        self.life(name, last)
        return kills, last

    def contents(self, name: str, last: str = PARTS[-1]) -> dict[str, object]:
        """Return all that must be equal after a command: not the date in the generator's file."""
        place = self.folder / name
        found: dict[str, object] = {
            path.relative_to(place).as_posix(): path.read_bytes()
            for path in (place / "data").rglob("*")
            if path.is_file()
        }
        if last != "prepare":
            found |= Runs(place, ()).contents("run")
        if last in DONE:
            found[RESULTS] = (place / RESULTS).read_bytes()
        if last == "export":
            arrays, metadata = read_tensors(place / EXPORTED)
            exported = {name: (a.shape, a.tobytes()) for name, a in arrays.items()}
            found["exported"] = exported, metadata | {"date": ""}
        return found


def draw_pictures(folder: Path) -> None:
    """Write 32 pictures of four classes."""
    rng = np.random.default_rng(0)
    for label in range(4):
        (folder / f"class{label}").mkdir(parents=True)
        for number in range(8):
            noise = rng.integers(0, 60, (8, 8), np.uint8) + np.uint8(40 * label)
            Image.fromarray(noise).save(folder / f"class{label}" / f"{number:02d}.png")


def kills(count: int, seed: int = 0) -> bool:
    """Kill until it was done `count` times; return whether all runs were equal to a whole one."""
    equal, number, begin = 0, 0, time.monotonic()
    with tempfile.TemporaryDirectory(prefix="jaxgan-kills-") as folder:
        scripts = Scripts(Path(folder))
        scripts.life("compiled")
        scripts.seconds.clear()
        scripts.changes.clear()
        scripts.life("whole")
        print(", ".join(f"{n}: {s:.1f} s" for n, s in scripts.seconds.items()), flush=True)
        expected = {part: scripts.contents("whole", part) for part in PARTS}
        while scripts.kills.total() < count:
            number += 1
            name = f"run{number}"
            times, last = scripts.killed(name, random.Random(f"{seed} {number}"))
            found, wanted = scripts.contents(name, last), expected[last]
            different = [n for n in {**wanted, **found} if wanted.get(n) != found.get(n)]
            equal += not different
            line = f"{name}, to {last}: {times} kills, different: {different or 'nothing'}"
            print(f"{line}; {scripts.kills.total()} kills so far", flush=True)
            if different:
                kept = Path(tempfile.mkdtemp(prefix="jaxgan-unequal-"))
                for place in (name, "whole"):
                    shutil.copytree(scripts.folder / place, kept / place)
                print(f"kept in {kept}", flush=True)
            shutil.rmtree(scripts.folder / name)
        by_part = ", ".join(f"{n} {part}" for part, n in scripts.kills.items())
        print(
            f"{scripts.kills.total()} kills ({by_part}), {equal} of {number} runs equal "
            f"({len(expected['export'])} files and arrays, {time.monotonic() - begin:.0f} s)"
        )
    return equal == number


@pytest.mark.slow
def test_scripts_that_are_killed_equal_a_whole_one():
    assert kills(12, seed=1)


if __name__ == "__main__":
    jax.config.update("jax_platforms", "cpu")
    sys.exit(not kills(*map(int, sys.argv[1:])))
