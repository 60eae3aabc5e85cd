"""The line that training prints for each logged step, and what to do at its end."""

import shlex
from pathlib import Path

from jaxgan.training.stopwatch import goodput


def progress_line(
    step: int,
    last: int,
    images_a_step: int,
    rate: float,
    spent: dict[str, float],
    metrics: dict[str, float],
) -> str:
    """Return one line for the terminal: where training is, how fast, how well, how long still."""
    shown = ("d/loss", "g/loss", "d/real_logits", "d/fake_logits")
    values = "  ".join(f"{n} {metrics[n]:+.3f}" for n in shown if n in metrics)
    return (
        f"step {step}/{last}  {step * images_a_step / 1000:.0f} kimg  {rate:.0f} images/s  "
        f"{goodput(spent)}  {values}  {duration((last - step) * images_a_step / rate)} left"
    )


def duration(seconds: float) -> str:
    """Write seconds as people do: 45s, 12m05s, 3h20m, 15d02h."""
    seconds = round(seconds)
    for unit, next_unit, size in (("d", "h", 86400), ("h", "m", 3600), ("m", "s", 60)):
        if seconds >= size:
            rest = seconds % size // (size // {"d": 24, "h": 60, "m": 60}[unit])
            return f"{seconds // size}{unit}{rest:02d}{next_unit}"
    return f"{seconds}s"


def next_commands(workdir: Path, acts: bool = False) -> list[str]:
    """Return what to do with a run that is done, as commands to copy.

    acts: the run has a policy, which makes no samples.
    """
    place = workdir.relative_to(Path.cwd()) if workdir.is_relative_to(Path.cwd()) else workdir
    run = shlex.quote(str(place))
    if acts:
        return [
            f"jaxgan evaluate {run}    # its return, beside a clone's",
            f"jaxgan sample {run}      # a film of some episodes",
        ]
    return [
        f"jaxgan evaluate {run}    # scores, with their protocol",
        f"jaxgan explore {run}     # a page with sliders for the latents",
        f"jaxgan export {run}      # one file that samples without the run",
    ]
