"""How well a puppet dances after stick figures, where the truth of every frame is known:

    python -m tests.demos.dance RUN [FRAME_BY_FRAME_RUN] [--gif=OUT.gif]

prints, for the puppet drawn at the key points, for the nearest pose of the 24 dances of the data
set (its frame is shown in place of one that is made) and for each run, on eight other dances:

error      mean absolute difference to the true frame, of images in [-1, 1]
on puppet  the same where the true frame differs from the empty stage
change     mean absolute difference between the change from frame to frame and the true one
flicker    mean absolute change from frame to frame of a puppet that stands still, whose key points
           are found with an error of JITTER pixels; 0 would be right
feet       distance between the shoes and the true ones in pixels, where another puppet dances,
           as it stands (first) and after pose normalisation (second)
"""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

import jaxgan
from jaxgan.files.atomic import write_bytes
from jaxgan.media.pictures import gif_bytes
from jaxgan.media.skeletons import normalised, stance
from jaxgan.trained.translator import Translator
from tests.data.puppet import (
    LAYOUT,
    SHOES,
    SIZE,
    SOURCE,
    TARGET,
    Body,
    dance,
    frames_of,
    key_points,
    poses,
)

FILMS, FRAMES = 24, 32  # of the training: tests/data/puppet.py
TESTED = range(1000, 1008)  # seeds of dances
JITTER = 0.25
Make = Callable[[np.ndarray], np.ndarray]  # key points [n, t, joints, 3] -> frames, uint8
COLUMNS = ("error", "on puppet", "change", "flicker", "feet", "feet, normalised")


def danced(body: Body, seeds: range) -> np.ndarray:
    """Return the key points of dances, [dances, FRAMES, joints, 3]."""
    return np.stack([key_points(dance(seed, FRAMES), body) for seed in seeds])


def drawn(draw: Callable, points: np.ndarray) -> np.ndarray:
    """Return what `draw` makes of key points [n, t, joints, 3]: [n, t, height, width, 3]."""
    return np.stack([draw(film) for film in points])


def nearest() -> Make:
    """Return what shows the training frame whose key points are nearest, on average over joints."""
    known = danced(TARGET, range(FILMS)).reshape(FILMS * FRAMES, len(LAYOUT.joints), 3)
    frames = frames_of(known)

    def make(points: np.ndarray) -> np.ndarray:
        apart = (np.linalg.norm((film[:, None] - known)[..., :2], axis=-1) for film in points)
        return np.stack([frames[x.mean(-1).argmin(1)] for x in apart])

    return make


def made_by(run: str) -> Make:
    """Return what makes the frames of films of stick figures by a run."""
    translator = jaxgan.load(run)
    assert isinstance(translator, Translator)
    return lambda points: translator.translate(drawn(poses, points))


def shoes(frames: np.ndarray) -> np.ndarray:
    """Return the mean place (y, x) of the pixels of the shoes' colour, [..., 2]."""
    apart = np.abs(frames.astype(float) - SHOES).sum(-1)
    weights = np.maximum(1 - apart / 150, 0) + 1e-9
    places = np.stack(np.mgrid[: SIZE[0], : SIZE[1]], -1)
    return np.einsum("...hw,hwk->...k", weights, places) / weights.sum((-2, -1))[..., None]


def scores(make: Make) -> tuple[float, ...]:
    """Return the numbers above of what makes frames of key points."""
    points = danced(TARGET, TESTED)
    true, made = drawn(frames_of, points) / 127.5, make(points) / 127.5
    error, stage = np.abs(true - made), np.median(true, (0, 1))
    changes = [np.diff(x, axis=1) for x in (true, made)]

    still = np.repeat(points[:, :1], FRAMES, 1)
    still[..., :2] += np.random.default_rng(0).normal(0, JITTER, still[..., :2].shape)
    flicker = np.abs(np.diff(make(still) / 127.5, axis=1))[:, 1:]  # a first frame has none before

    other, joined = danced(SOURCE, TESTED), lambda films: films.reshape(-1, *films.shape[2:])
    own = stance(joined(other), LAYOUT)
    wanted = stance(joined(danced(TARGET, range(FILMS))), LAYOUT)
    brought = np.stack([normalised(film, own, wanted, LAYOUT) for film in other])
    feet = [
        np.linalg.norm(shoes(make(x)) - shoes(127.5 * true), axis=-1).mean()
        for x in (other, brought)
    ]
    return (
        error.mean(),
        error[np.abs(true - stage).max(-1) > 0.1].mean(),
        np.abs(changes[0] - changes[1]).mean(),
        flicker.mean(),
        *feet,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--gif", type=Path, help="the first run's dance beside pose and truth")
    flags = parser.parse_args()
    print("| | " + " | ".join(COLUMNS) + " |\n" + "|---" * (len(COLUMNS) + 1) + "|")
    rows = {"the puppet itself": partial(drawn, frames_of), "nearest pose": nearest()}
    for name, make in (rows | {run: made_by(run) for run in flags.runs}).items():
        print(f"| {name} | " + " | ".join(f"{x:.4f}" for x in scores(make)) + " |", flush=True)
    if flags.gif:
        points = danced(TARGET, TESTED[:1])
        shown = drawn(poses, points), made_by(flags.runs[0])(points), drawn(frames_of, points)
        write_bytes(flags.gif, gif_bytes(np.concatenate([x[0] for x in shown], 2), 10))


if __name__ == "__main__":
    main()
