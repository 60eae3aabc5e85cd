"""The line that training prints for each logged step, and the commands that it suggests at the
end."""

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
    noun: str = "images",
) -> str:
    """Return one line for the terminal: steps, images, speed, losses, time left.

    rate: images per second. spent: seconds per activity since the last line. noun: what is trained
    on (config/noun.py).
    """
    shown = ("d/loss", "g/loss", "d/real_logits", "d/fake_logits")
    values = "  ".join(f"{n} {metrics[n]:+.3f}" for n in shown if n in metrics)
    return (
        f"step {step}/{last}  {step * images_a_step / 1000:.0f}k {noun}  {rate:.0f} {noun}/s  "
        f"{goodput(spent)}  {values}  {duration((last - step) * images_a_step / rate)} left"
    )


def duration(seconds: float) -> str:
    """Format seconds as 45s, 12m05s, 3h20m or 15d02h."""
    seconds = round(seconds)
    for unit, next_unit, size in (("d", "h", 86400), ("h", "m", 3600), ("m", "s", 60)):
        if seconds >= size:
            rest = seconds % size // (size // {"d": 24, "h": 60, "m": 60}[unit])
            return f"{seconds // size}{unit}{rest:02d}{next_unit}"
    return f"{seconds}s"


def next_commands(workdir: Path, makes: str = "samples") -> list[str]:
    """Return what to do with a finished run, as commands to copy.

    makes: "samples" from latents, "samples of numbers", "translations" of what files hold,
      "drawings" of captions, "speech", "episodes" of a policy, or "".
    """
    place = workdir.relative_to(Path.cwd()) if workdir.is_relative_to(Path.cwd()) else workdir
    run = shlex.quote(str(place))
    scores = f"jaxgan evaluate {run}    # scores, with their protocol"
    file = f"jaxgan export {run}      # one file that works without the run"
    return {
        "samples": [
            scores,
            f"jaxgan explore {run}     # a page with sliders for the latents",
            file,
        ],
        "translations": [
            scores,
            f"jaxgan translate {run} FOLDER    # what files of yours become",
            file,
        ],
        "drawings": [
            scores,
            f"jaxgan translate {run} CAPTIONS.npz    # what captions with their vectors become",
            file,
        ],
        "speech": [scores, file],
        "samples of numbers": [
            f"jaxgan sample {run}    # a sheet with a row for each of five numbers"
        ],
        "episodes": [scores, f"jaxgan sample {run}      # a film of some episodes"],
        "": [scores],
    }[makes]
