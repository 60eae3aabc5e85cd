"""Rolling back to a good checkpoint with another seed, after non-finite values or a collapse of G.

workdir/roll_backs.jsonl   one line each: the step of the failure, the checkpoint's step, why

Roll-back number n, to the checkpoint of step s, continues from there with the key
fold_in(state.key, n). What happens is a function of the checkpoint and of the earlier lines, so a
run that is killed at any moment continues as if it had not been: lines of roll-backs to a
checkpoint later than the restored one are dropped, and are written again when they recur.
"""

from pathlib import Path

import jax
from ml_collections import ConfigDict

from jaxgan.files import json_lines
from jaxgan.game.game import TrainState
from jaxgan.training.checkpoints import Checkpoints


class TrainingFailedError(RuntimeError):
    """Training cannot continue as it is. A subclass names the config's section that decides."""

    section = ""

    def __init__(self, message: str, step: int, before: int | None = None):
        """before: only checkpoints of steps before this one are good; None if all are."""
        super().__init__(message)
        self.step, self.before = step, before


class RollBacks:
    """The roll-backs of a run so far. Every process keeps the list, process 0 the file."""

    def __init__(self, workdir: Path):
        self._path = workdir / "roll_backs.jsonl"
        self._lines = json_lines.read(self._path)

    def continue_from(self, state: TrainState, step: int) -> TrainState:
        """Return the state of a step's checkpoint, with the key that training continues with."""
        while self._lines and self._lines[-1]["to"] > step:
            self._lines.pop()
        self._write()
        if not self._lines or self._lines[-1]["to"] < step:
            return state
        return state.replace(key=jax.jit(jax.random.fold_in)(state.key, len(self._lines)))

    def go_back(self, failure: TrainingFailedError, config: ConfigDict, checkpoints: Checkpoints):
        """Make a checkpoint before the failure the newest one; return a line that says so.

        Raises the failure itself if the policy is not to roll back, or after too many roll-backs,
        or if no good checkpoint is left.
        """
        policy = config[failure.section]
        if policy.policy != "roll_back":
            raise failure
        if len(self._lines) >= policy.most:
            raise type(failure)(
                f"{failure}; rolled back {len(self._lines)} times already, "
                f"{failure.section}.most = {policy.most}",
                failure.step,
            )
        to = checkpoints.newest_good(failure.before, best_first=failure.before is not None)
        if to is None and failure.before is not None:
            raise type(failure)(
                f"{failure}; no checkpoint from before step {failure.before} is kept: raise "
                "train.keep_checkpoints or set train.keep_every",
                failure.step,
            )
        to = to or 0
        checkpoints.drop_after(to)
        self._lines.append({"step": failure.step, "to": to, "why": str(failure)})
        self._write()
        return (
            f"{failure}\nrolled back to step {to}, with another seed (roll-back {len(self._lines)} "
            f"of at most {policy.most})"
        )

    def _write(self) -> None:
        if jax.process_index() == 0 and (self._lines or self._path.exists()):
            json_lines.write(self._path, self._lines)
