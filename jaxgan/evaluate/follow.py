"""Follows a training that runs elsewhere: scores each checkpoint as it appears.

It is a separate process that only reads the run's checkpoints and adds to its results. A step that
has a result of the same protocol is not scored again, so it can be stopped and started at any time.
It ends with the last step of the training, or when none has appeared for `patience` seconds.
"""

import time
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
from jax.experimental import multihost_utils
from ml_collections import ConfigDict

from jaxgan.evaluate.models import Model, of_state, run_of
from jaxgan.files import desk, manifest
from jaxgan.training.checkpoints import Checkpoints
from jaxgan.training.run import abstract_state

POLL_SECONDS = 5.0


def follow(
    workdir: Path,
    config: ConfigDict,
    score: Callable[[Model], None],
    patience: float,
    say: Callable[[str], None],
) -> int:
    """Call `score` with the model of each checkpoint, oldest first; return the number of
    checkpoints.

    A checkpoint that is damaged, or deleted while it is read, is reported and left out.
    """
    run, done, model = run_of(workdir, config), set(), None
    abstract, waited = abstract_state(run), time.monotonic()
    with Checkpoints(workdir / "checkpoints") as checkpoints:
        while True:
            desk.pull(workdir)
            steps = _agreed([s for s in checkpoints.steps() if s not in done])
            for step in steps:
                done.add(step)
                try:
                    manifest.verify(desk.fetch(checkpoints.directory / str(step)))
                    state = checkpoints.restore(abstract, step)
                except (manifest.DamagedError, OSError) as error:
                    say(f"the checkpoint of step {step} is left out: {error}")
                    continue
                model = of_state(workdir, run, state, model)
                score(model)
                desk.push(workdir)
                waited = time.monotonic()
            if max(done, default=0) >= run.config.train.steps:
                return len(done)
            if not steps:
                if _agreed([int(time.monotonic() - waited > patience)])[0]:
                    say(f"no new checkpoint for {patience:g} s: write --patience=SECONDS for more")
                    return len(done)
                time.sleep(min(POLL_SECONDS, max(patience, 0.1)))


def _agreed(numbers: list[int]) -> list[int]:
    """Return process 0's numbers on every process."""
    if jax.process_count() == 1:
        return numbers
    most = int(multihost_utils.broadcast_one_to_all(np.int32(len(numbers))))
    padded = np.resize(np.array(numbers or [0], np.int32), most)
    return multihost_utils.broadcast_one_to_all(padded).tolist()
