"""`jaxgan translate MODEL FOLDER`, for a model that predicts frames: how films continue.

OUT/NAME.gif    the first frames of the film FOLDER/NAME.*, as many as the model takes, then those
                that it predicts
OUT.png         the first films: frames given above frames predicted

Films are animated GIF, WebP or PNG of any size that the network takes. The given frames are as far
apart as in training (`jaxgan prepare --stride`).
"""

from functools import partial
from pathlib import Path

import numpy as np

from jaxgan.data.prepare.listing import FILMS
from jaxgan.files.errors import one_line
from jaxgan.files.progress import Progress
from jaxgan.game.seeds import checked_seed
from jaxgan.media import clips, films
from jaxgan.media.pictures import captioned, in_colour, save_picture
from jaxgan.media.resize import fit
from jaxgan.trained.folder_to_folder import check_outputs, files_of, readable, reported, results_of
from jaxgan.trained.translator import Translator

CAPTIONS = ("given", "made")


def predict_films(
    translator: Translator,
    folder: Path,
    out: Path,
    seed: int = 0,
    columns: int = 10,
    force: bool = False,
) -> str:
    """Predict how every film of a folder continues; return a line on what was written.

    Args:
      out: a folder, created if missing; the sheet is written beside it, with the suffix .png.
      seed: in [0, 2^32), of the network's noise, if it takes any.
      columns: films in the sheet.
      force: as in every command; films are pictures, which are replaced anyway.

    Raises:
      ValueError, FileNotFoundError: before anything is written: no films that can be read and are
        long enough, or a film of a size that does not fit.
    """
    checked_seed(seed)
    paths = files_of(folder, out, "films", FILMS)
    films.refuse_videos(paths)
    count, *_, channels = translator.source_shape
    stride = translator.config.data.stride
    first = partial(first_frames, count=count, stride=stride, channels=channels)
    given, left_out = readable(folder, paths, first, "films")
    for path, frames in given.items():
        try:
            translator.refuse_source(frames.shape)
        except ValueError as error:
            raise ValueError(f"{path}: {one_line(error)}") from None
    results = results_of(given, folder, out, ".gif")
    sheet = out.with_name(f"{out.name}.png")
    replaced = check_outputs(results.values(), [sheet], force)
    rows = []
    with Progress("predicting", len(given), noun="clips") as progress:
        for path, frames in given.items():
            made = translator.translate(frames[None], seed)
            results[path].parent.mkdir(parents=True, exist_ok=True)
            clips.write(results[path], np.concatenate([frames, made[0]]))
            rows.append((translator.medium.show_condition(frames[None])[0], clips.strips(made)[0]))
            progress.add()
    size, shown = rows[0][1].shape[:2], rows[:columns]
    pair = ([fit(row[i], size, "none", "area") for row in shown] for i in range(2))
    images = np.concatenate([in_colour(np.stack(row)) for row in pair])
    save_picture(sheet, captioned(images, len(shown), CAPTIONS))
    text = f"{out}: {len(given)} films; {sheet}: the first {len(shown)} of them"
    return reported(text, replaced, left_out)


def first_frames(path: Path, count: int, stride: int, channels: int) -> np.ndarray:
    """Return `count` frames of a film, every `stride`-th from the first on, [count, height, width,
    channels]. Raises ValueError or OSError for a film that is damaged or too short."""
    length, places = films.inspect(path)[1], range(0, count * stride, stride)
    if length <= places[-1]:
        raise ValueError(f"only {length} of the {places[-1] + 1} frames needed can be read")
    return np.stack(list(films.frames(path, places, channels)))
