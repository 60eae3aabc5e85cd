"""A trace of a few training steps, which xprof and TensorBoard read.

`--profile=START:STEPS` records steps START to START + STEPS - 1 of this process in
workdir/profile/. Recording waits for the devices before and after; it does not change any result.
"""

from pathlib import Path
from typing import Any

import jax


def window(text: str, last: int) -> range:
    """Return the steps that --profile=START:STEPS asks for; none for "".

    last: the last step of training. Raises ValueError for another form, or steps after the last.
    """
    if not text:
        return range(0)
    start, _, count = text.partition(":")
    numbers = (start, count)
    if not all(number.isdecimal() and int(number) for number in numbers):
        raise ValueError(f"--profile={text}: write START:STEPS, such as 100:5")
    steps = range(int(start), int(start) + int(count))
    if steps[-1] > last:
        raise ValueError(
            f"--profile={text} ends at step {steps[-1]}, after the last: write steps up to "
            f"train.steps = {last}"
        )
    return steps


class Profile:
    """Records the steps of a window. On leaving `with`, it ends a recording that was cut short."""

    def __init__(self, folder: Path, steps: range):
        self._folder, self._steps, self._is_on = folder, steps, False

    def before(self, step: int, state: Any) -> None:
        """Start recording if this step is the first of the window."""
        if self._steps and step == self._steps[0]:
            jax.block_until_ready(state)
            options = jax.profiler.ProfileOptions()
            options.python_tracer_level = 0  # each Python call would be an event
            jax.profiler.start_trace(self._folder, profiler_options=options)
            self._is_on = True

    def after(self, step: int, state: Any) -> bool:
        """Stop recording if this step is the last of the window; return whether it was."""
        if not self._is_on or step != self._steps[-1]:
            return False
        jax.block_until_ready(state)
        self._stop()
        return True

    def _stop(self) -> None:
        self._is_on = False
        jax.profiler.stop_trace()

    def __enter__(self) -> "Profile":
        return self

    def __exit__(self, *_: Any) -> None:
        if self._is_on:
            self._stop()
