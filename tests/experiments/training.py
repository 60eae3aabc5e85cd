"""What the experiments that train one config have in common: their flags, and the training."""

import argparse
import time
from pathlib import Path

from ml_collections import ConfigDict

from jaxgan.training import train


def trained(
    description: str, config: ConfigDict, workdir: str, *more: str
) -> tuple[argparse.Namespace, str]:
    """Train by the flags --workdir and --steps; return all flags and the time it took.

    more: names of further flags, empty unless given.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--workdir", type=Path, default=Path(workdir))
    parser.add_argument("--steps", type=int, default=config.train.steps)
    for name in more:
        parser.add_argument(name, default="")
    args = parser.parse_args()
    config.train.steps = args.steps
    began = time.process_time()
    train.train(config, args.workdir)
    seconds = time.process_time() - began
    print(f"{seconds:.0f} s of CPU")
    # Next to nothing when the run was there already: then it is not the time of the training.
    return args, f" ({seconds / 60:.1f} minutes of CPU)" if seconds > 60 else ""
