"""Seconds from the command to the first training step of the quick start: cold, and once more.

    python -m tests.benchmark_start [--starts=4] [--config.field=value ...]

Starts the training of configs/quickstart.py in work directories of its own, each time a new
process, with one cache of compiled programs that is empty at first, and stops each after its first
step. Prints what had been reached after how many seconds.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
REACHED = {  # by the line that says so
    "data and networks known": "parameters:",
    "first state there": "compiling the training step",
    "first step done": "compiled, first step done",
}


def start(folder: Path, name: str, flags: list[str]) -> dict[str, float]:
    """Return {what was reached: seconds since the command}."""
    command = [sys.executable, "-m", "jaxgan", "train", "--config=configs/quickstart.py"]
    began, reached = time.perf_counter(), {}
    process = subprocess.Popen(
        [*command, f"--workdir={folder / name}", *flags],
        env={**os.environ, "XDG_CACHE_HOME": str(folder / "cache")},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        for line in process.stdout:
            for what, text in REACHED.items():
                if text in line:
                    reached[what] = time.perf_counter() - began
            if len(reached) == len(REACHED):
                process.kill()
    return reached


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--starts", type=int, default=4)
    args, flags = parser.parse_known_args()
    print(f"| start | {' | '.join(REACHED)} |\n|---|{'---|' * len(REACHED)}")
    with tempfile.TemporaryDirectory() as folder:
        for number in range(args.starts):
            reached = start(Path(folder), str(number), flags)
            seconds = " | ".join(f"{reached[what]:.1f} s" for what in REACHED)
            print(f"| {'cache empty' if number == 0 else 'cache warm'} | {seconds} |", flush=True)


if __name__ == "__main__":
    main()
