"""`jaxgan translate MODEL FOLDER`, for a model that makes films: poses in, frames out.

OUT/NAME.png    the frame of the pose FOLDER/NAME.*
OUT.gif         the film, beside its poses
OUT.png         frames of it, evenly spread, below their poses

The poses are one film, in the order of their names (9.png before 10.png). Each frame is made from
its pose and the frame before it, the first from zeros, as in training: models/dance.py.
"""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.devices import compiler
from jaxgan.files.atomic import write_bytes
from jaxgan.files.errors import one_line
from jaxgan.files.progress import Progress
from jaxgan.game.seeds import checked_seed
from jaxgan.media import clips
from jaxgan.media.medium import Batch
from jaxgan.media.pictures import captioned, gif_bytes, in_colour, save_picture
from jaxgan.trained.folder_to_folder import check_outputs, files_of, readable, reported, results_of
from jaxgan.trained.translate import read, size_of
from jaxgan.trained.translator import Translator

CHUNK = 32  # frames per call of the network
CAPTIONS = ("pose", "made")


def translate_film(
    translator: Translator,
    folder: Path,
    out: Path,
    seed: int = 0,
    columns: int = 10,
    force: bool = False,
) -> str:
    """Make the frames of a folder of poses; return a line on what was written.

    Args:
      out: a folder, created if missing; the film and the sheet are written beside it.
      seed: checked, but unused: these networks have no noise.
      columns: frames in the sheet.
      force: as in every command; frames are pictures, which are replaced anyway.

    Raises:
      ValueError, FileNotFoundError: before anything is written: no poses, poses of two sizes, or of
        a size that does not fit.
    """
    checked_seed(seed)
    sizes, left_out = readable(folder, files_of(folder, out), size_of)
    if left_out:
        raise ValueError(f"{folder}: a film has no gaps; repair or remove {left_out[0]}")
    paths = sorted(sizes, key=lambda path: natural(str(path)))
    size = sizes[paths[0]]
    other = next((path for path in paths if sizes[path] != size), None)
    if other:
        first, second = ("{} x {}".format(*found) for found in (size, sizes[other]))
        raise ValueError(f"{other} is {second}, {paths[0]} {first}: write one size")
    try:
        translator.refuse_size(*size)
    except ValueError as error:
        raise ValueError(f"{paths[0]}: {one_line(error)}") from None
    results = results_of(paths, folder, out, ".png")
    film, sheet = (out.with_name(f"{out.name}{suffix}") for suffix in (".gif", ".png"))
    replaced = check_outputs(results.values(), [film, sheet], force)
    poses, frames = [], []
    sources = (read(path, translator.source_shape[-1], 8) for path in paths)
    with Progress("translating", len(paths), noun="frames") as progress:
        for path, (pose, made) in zip(paths, filmed(translator, sources), strict=True):
            save_picture(results[path], made)
            poses.append(pose)
            frames.append(made)
            progress.add()
    rows = [in_colour(np.stack(row)) for row in (poses, frames)]
    write_bytes(film, gif_bytes(np.concatenate(rows, 2), clips.RATE))
    chosen = np.linspace(0, len(paths) - 1, min(columns, len(paths))).round().astype(int)
    shown = np.concatenate([row[chosen] for row in rows])
    save_picture(sheet, captioned(shown, len(chosen), CAPTIONS))
    text = f"{out}: {len(paths)} frames; {film}: the film; {sheet}: {len(chosen)} of its frames"
    return reported(text, replaced)


def natural(name: str) -> list[tuple[int, str]]:
    """Return a key that sorts names by the numbers in them: frame 9 before frame 10."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", name)]


def filmed(
    translator: Translator, poses: Iterator[np.ndarray]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield each pose of a film, [height, width, channels] as stored, and its frame.

    CHUNK frames are made at once, starting from the last frame of the previous chunk.
    """
    follow, medium = translator.side.calls["follow"], translator.medium

    @compiler.jit
    def chunk(variables, before: jax.Array, stored: jax.Array) -> tuple[jax.Array, jax.Array]:
        seen = medium.to_float(Batch((), stored[None])).condition
        made = follow(variables, before, seen)
        return made[:, -1], medium.to_stored(made[0])

    before = None
    while some := list(islice(poses, CHUNK)):
        stored = np.stack(some)
        if before is None:
            before = jnp.zeros((1, *stored.shape[1:3], translator.image_shape[-1]))
        padded = np.concatenate([stored, np.repeat(stored[-1:], CHUNK - len(stored), 0)])
        before, made = chunk(translator.variables, before, padded)
        yield from zip(some, np.asarray(made), strict=False)
