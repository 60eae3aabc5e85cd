"""`jaxgan edit MODEL STROKES`: strokes in, the edited image out.

OUTPUT.png   the start, the strokes on it, lines if there are any, and the result
OUTPUT.gif   from the start to the result in 16 frames, on the straight line between their latents
OUTPUT.npz   the latents of both, and the class
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from ml_collections import ConfigDict
from PIL import Image

from jaxgan.files.arrays import write_npz
from jaxgan.files.atomic import check_output, check_outputs
from jaxgan.files.progress import Progress
from jaxgan.media.pictures import captioned, refuse_suffix, save_film, save_picture
from jaxgan.media.pixels import to_stored
from jaxgan.trained.edit import KEEP, Edit, Strokes, edit
from jaxgan.trained.generator import TrainedGenerator
from jaxgan.trained.judge import judge
from jaxgan.trained.load import load_generator
from jaxgan.trained.sample.paths import linear
from jaxgan.trained.sample.sheets import name_of
from jaxgan.trained.strokes import read_lines, read_strokes, refuse_others

FRAMES, RATE = 16, 8


class Options(NamedTuple):
    """The flags of the command."""

    edges: str = ""
    output: str = "edit.png"
    label: str = ""
    seed: int = 0
    starts: int = 32
    steps: int = 100
    keep: float = KEEP
    realism: float = 0.0
    force: bool = False


def edit_command(model: Path, config: ConfigDict, strokes: Path, options: Options) -> int:
    """Edit an image as a file of strokes says; return the exit code."""
    output, drawn = Path(options.output), Path(options.edges) if options.edges else None
    refuse_suffix(output)
    film, arrays = output.with_suffix(".gif"), output.with_suffix(".npz")
    for path in (strokes, drawn):
        if path and path.resolve() in (output.resolve(), film.resolve()):
            raise ValueError(f"--output={output} would replace {path}: write another name")
    replaced = check_outputs((output, film))
    check_output(arrays, force=options.force)
    g = load_generator(model, config)
    refuse_others(g)
    painted = read_strokes(g, strokes, str(strokes))
    lines = read_lines(g, drawn, f"--edges={drawn}") if drawn else None
    if not painted.mask.any() and lines is None:
        raise ValueError(f"{strokes} is transparent everywhere: paint on it, or write --edges")
    with Progress("editing", options.steps * options.starts, noun="steps") as progress:
        found = edit(
            g,
            painted,
            lines,
            g.class_id(options.label) if options.label else None,
            options.seed,
            starts=options.starts,
            steps=options.steps,
            keep=options.keep,
            judge=judge(g, model, config) if options.realism else None,
            realism=options.realism,
            said=lambda steps: progress.add(count=steps * options.starts),
        )
    save_picture(output, picture(g, found, painted, lines))
    save_film(film, morph(g, found), RATE)
    write_npz(
        arrays,
        {"latents": found.latents, "start": found.start, "label": np.asarray(found.label)},
    )
    print(f"{output}: the start, what is painted, the result; {film}: the way there{replaced}")
    errors = ", ".join(
        f"{name} {before:.4f} to {after:.4f}" for name, (before, after) in found.errors.items()
    )
    print(f"{arrays}: latents of class {name_of(g, found.label)}; {errors}")
    return 0


def picture(
    g: TrainedGenerator, found: Edit, strokes: Strokes, lines: np.ndarray | None
) -> Image.Image:
    """Return the start, the strokes on it, lines if there are any, and the result, side by side."""
    start, result = found.images
    shown = {"start": start, "strokes": strokes.mask * strokes.colours + (1 - strokes.mask) * start}
    if lines is not None:
        shown["edges"] = np.broadcast_to(1 - 2 * lines, start.shape).astype(np.float32)
    shown["result"] = result
    images = g.medium.pictures(to_stored(np.stack(list(shown.values()))))
    return captioned(images, len(shown), (name_of(g, found.label),), tuple(shown))


def morph(g: TrainedGenerator, found: Edit) -> np.ndarray:
    """Return 16 frames [16, h, w, c] from the start to the result, linear in the latents."""
    z = linear(found.start, found.latents, np.linspace(0, 1, FRAMES))
    images = g.generate(z, np.full(FRAMES, found.label, np.int32))
    return g.medium.pictures(to_stored(images))
