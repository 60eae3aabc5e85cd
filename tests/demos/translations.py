"""What runs make of the same held-out sources, side by side:

    python -m tests.demos.translations OUT.png RUN=caption RUN=caption ...

Rows: the sources (of super-resolution bicubic, as the network has them), a row for each run, and
the true images. The columns are a fair draw of the first run's data.held_out.
"""

import sys
from pathlib import Path

import numpy as np

import jaxgan
from jaxgan.data.order import fair_draw
from jaxgan.evaluate.metrics.paired import enlarged
from jaxgan.evaluate.translations import pair_images
from jaxgan.media.pictures import save_picture
from jaxgan.media.pixels import to_float, to_stored
from jaxgan.training.translation_sheets import side_by_side

COLUMNS = 10


def rows(runs: list[tuple[str, str]], columns: int = COLUMNS) -> dict[str, np.ndarray]:
    """Return rows of stored images by caption. runs: (work directory, caption)."""
    translators = {caption: jaxgan.load(run) for run, caption in runs}
    first = next(iter(translators.values()))
    data = first.config.data
    sources, true = pair_images(data.name, data.held_out or data.split, first.medium)
    places = fair_draw(columns, sources.count, "sheet")
    small, large = sources.read(places)[0], true.read(places)[0]
    made = {caption: t.translate(small) for caption, t in translators.items()}
    shown = to_stored(enlarged(to_float(small), large.shape[1:3]))
    return {"source": shown, **made, "true": large}


def main(out: str, *runs: str) -> None:
    found = rows([(run, caption) for run, _, caption in (run.partition("=") for run in runs)])
    save_picture(Path(out), side_by_side(*found.values(), captions=tuple(found)))


if __name__ == "__main__":
    main(*sys.argv[1:])
