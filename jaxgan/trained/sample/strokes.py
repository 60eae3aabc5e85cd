"""`jaxgan sample MODEL --kind=strokes`: growing canvases of a generator that paints (SPIRAL).

strokes.gif     all canvases side by side, one stroke per frame, starting empty
strokes.json    {"size": [height, width], "programs": [...]}, one program per canvas: a list of
                strokes with "paints", "end", "control", "radius", "pressure", "ink", and places as
                [y, x] in pixels from the top left corner (environments/strokes.py)
"""

import json
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.environments.strokes import Stroke
from jaxgan.files.atomic import check_output, write_text
from jaxgan.media.pictures import enlarge, grid, save_film
from jaxgan.models.spiral import Episode, Painter
from jaxgan.trained.generator import TrainedGenerator

LAST, RATE = 6, 4  # extra frames of the finished canvases; frames per second


def write_strokes(g: TrainedGenerator, output: Path, columns: int, seed: int) -> str:
    """Write the film and, beside it, the programs; return a line on what was written.

    Raises ValueError for a generator that does not paint in strokes.
    """
    painter = g.side.module
    if not isinstance(painter, Painter):
        raise ValueError(
            f"--kind=strokes: model {g.config.model.name!r} paints no strokes: write another kind"
        )
    file = output.with_suffix(".json")
    replaced = check_output(file)
    noise = jnp.asarray(g.latents(range(columns), seed))
    seen = jax.device_get(jax.jit(g.side.calls["act"])(g.variables(), noise))
    frames = np.stack([shown(g, canvases, columns) for canvases in np.moveaxis(seen.canvas, 1, 0)])
    save_film(output, np.concatenate([frames, *LAST * [frames[-1:]]]), RATE)
    height, width = painter.shape[:2]
    programs = [[stroke_of(x, i) for x in strokes(painter, seen)] for i in range(columns)]
    write_text(file, json.dumps({"size": [height, width], "programs": programs}) + "\n")
    paints = [sum(stroke["paints"] for stroke in program) for program in programs]
    said = f"{output}: {columns} canvases of {np.mean(paints):.1f} strokes on average"
    return f"{said}; {file}{replaced}"


def shown(g: TrainedGenerator, canvases: np.ndarray, columns: int) -> np.ndarray:
    """Return canvases [n, h, w, c] side by side as a picture, [height, width, c] uint8."""
    return grid(enlarge(g.medium.pictures(g.medium.to_stored(canvases))), columns)


def strokes(painter: Painter, seen: Episode) -> list[Stroke]:
    """Return the stroke of each step, as numpy arrays [n, ...]."""
    as_stroke = jax.jit(partial(Painter.as_stroke, painter))
    steps = range(seen.value.shape[1])
    found = [as_stroke({name: x[:, t] for name, x in seen.actions.items()}) for t in steps]
    return jax.device_get(found)


def stroke_of(stroke: Stroke, which: int) -> dict:
    """Return one canvas's stroke as plain JSON values, positions to a hundredth of a pixel."""
    own = {name: np.asarray(x)[which] for name, x in stroke._asdict().items()}
    rounded = {name: np.round(x.astype(float), 2).tolist() for name, x in own.items()}
    return rounded | {"paints": int(own["paints"])}
