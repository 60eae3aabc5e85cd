"""A policy's episodes as a film, or as a sheet with a row per episode, time running to the
right."""

from pathlib import Path

import jax
import numpy as np
from PIL import Image, ImageDraw

from jaxgan.environments.environment import Environment
from jaxgan.files.atomic import check_output
from jaxgan.media import terminal
from jaxgan.media.pictures import SUFFIXES, grid, picture, refuse_film, save_film, save_picture
from jaxgan.trained.policy import Policy

SIDE, FINER = 96, 4  # pixels of a cell's side; drawn this many times larger, then averaged
OF_IMAGES = ("seeds", "classes", "truncation", "truncations")
MOST = 64  # episodes in one file


def sample_policy(policy: Policy, options) -> int:
    """Draw episodes to options.output, by default rollouts.gif; return the exit code.

    options: those of sample/command.py; the ones about images are refused.
    """
    if options.kind != "classes":
        raise ValueError(f"--kind={options.kind}: a policy acts in its environment: leave it out")
    for name in OF_IMAGES:
        value = getattr(options, name)
        if value:
            raise ValueError(f"--{name}={value}: a policy has no latents or classes: leave it out")
    columns = options.columns or policy.config.sample.columns
    if not 1 <= columns <= MOST:
        raise ValueError(f"--columns={columns}: write 1 to {MOST} episodes")
    output = Path(options.output or "rollouts.gif")
    if output.suffix.lower() not in SUFFIXES:
        refuse_film(output)
    replaced = check_output(output)
    if jax.process_index():
        return 0  # one process draws
    seen = policy.rollouts(columns, options.seed)
    if output.suffix.lower() in SUFFIXES:
        shown = sheet(policy.environment, np.asarray(seen.observations))
        save_picture(output, shown)
        print(terminal.drawn(shown), end="")
    else:
        save_film(output, film(policy.environment, np.asarray(seen.observations)))
    returns = ", ".join(f"{value:.0f}" for value in seen.rewards.sum(1)[:12])
    print(f"{output}: {columns} episodes with returns {returns}{replaced}")
    return 0


def film(environment: Environment, observations: np.ndarray) -> np.ndarray:
    """Return frames [t, h, w, 1] uint8 of episodes [n, t, numbers], side by side."""
    n, steps = observations.shape[:2]
    columns = min(n, 8)
    blank = np.full((-n % columns, SIDE, SIDE, 1), 255, np.uint8)
    cells = lambda t: [cell(environment, observation) for observation in observations[:, t]]
    return np.stack([grid(np.concatenate([cells(t), blank]), columns) for t in range(steps)])


def sheet(environment: Environment, observations: np.ndarray, columns: int = 12) -> Image.Image:
    """Return a picture with a row per episode [n, t, numbers], evenly spaced in time."""
    steps = np.linspace(0, observations.shape[1] - 1, columns).round().astype(int)
    rows = observations[:, steps].reshape(-1, observations.shape[-1])
    return picture(grid(np.stack([cell(environment, row) for row in rows]), columns))


def cell(environment: Environment, observation: np.ndarray) -> np.ndarray:
    """Return a picture [SIDE, SIDE, 1] uint8 of one observation [numbers]."""
    size = SIDE * FINER
    page = Image.new("L", (size, size), 255)
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, size - 1, size - 1), outline=210, width=FINER)
    for ends in environment.lines(observation):
        x, y = (np.array([1.0, -1.0]) * ends + 1.0).T * size / 2
        draw.line(list(zip(x.tolist(), y.tolist(), strict=True)), 60, 5 * FINER)
    return np.asarray(page.resize((SIDE, SIDE), Image.Resampling.BOX))[..., None]
