"""Trains a BigGAN whose categories are its own, and asks how they agree with the classes.

    python -m tests.experiments.categorical [--workdir=runs/categories] [--steps=N]

Q(c | x) sorts 2,000 held-out images into categories; their normalised mutual information with the
true classes is compared with that of the same network as it is drawn. Writes a section of
docs/family.md and a sheet with a row for each category.
"""

import jax
import numpy as np

from configs import biggan_categorical_fashion
from jaxgan.data.records import open_records
from jaxgan.evaluate.evaluation import joined
from jaxgan.evaluate.images import record_images
from jaxgan.evaluate.metrics.clusters import normalised_mutual_information, purity
from jaxgan.game.game import bind, init_state
from jaxgan.media.pictures import enlarge, grid, save_picture
from jaxgan.media.pixels import to_stored
from jaxgan.training import run as runs
from jaxgan.training.checkpoints import Checkpoints
from jaxgan.training.sheets import Sampler
from tests.experiments.page import DOCS, table, write_section
from tests.experiments.training import trained

HELD_OUT, COLUMNS = "train[80%:]", 16


def categories(run, state, images):
    """Return the most likely category of each image, [n]."""
    player, mine = run.game.players["discriminator"], state.players["discriminator"]
    weights, _ = player.transform.apply(mine.params, mine.transform_state)
    recognise = jax.jit(bind(player.side, weights).recognise)
    parts = np.split(images, len(images) // 100)
    return np.concatenate([np.asarray(recognise(x).classes).argmax(1) for x in parts])


def main():
    config = biggan_categorical_fashion.get_config()
    args, minutes = trained(__doc__, config, "runs/categories")

    run = runs.load_run(args.workdir)
    with Checkpoints(args.workdir / "checkpoints") as checkpoints:
        state = checkpoints.restore_newest(runs.abstract_state(run))
    records = open_records(config.data.name, HELD_OUT)
    images, classes = joined(record_images(records, config.data.size).batches(100))
    rows = []
    for name, s in (
        ("trained", state),
        ("as drawn", jax.jit(lambda: init_state(run.game, 1))()),
    ):
        found = categories(run, s, images)
        numbers = normalised_mutual_information(found, classes), purity(found, classes)
        rows.append((name, len(np.unique(found)), *(f"{x:.3f}" for x in numbers)))
        print(*rows[-1], sep=" | ", flush=True)
    sampler = Sampler(run)
    variables = sampler.prepare(state)
    count = len(run.config.data.class_names)
    labels = np.repeat(np.arange(count), COLUMNS)
    drawn = sampler.samples(variables, 0, np.tile(np.arange(COLUMNS), count), labels)
    save_picture(DOCS / "categories.png", grid(enlarge(to_stored(drawn), 32), COLUMNS))
    head = ("network", "categories in use", "normalised mutual information", "purity")
    write_section(
        "Categories without labels",
        f"""`python -m tests.experiments.categorical` trains
`configs/biggan_categorical_fashion.py` for {int(state.step)} steps of 64 images{minutes}: BigGAN
with one of {count} categories in place of the label, and InfoGAN's term, without which
nothing makes the generator use it (`jaxgan/models/biggan_categorical.py`). Q(c | x) then sorts
2,000 held-out images, of 10 classes that it was never told:

{table(head, rows)}
![a row for each category](categories.png)

One row per category, the same latents down each column.
""",
    )


if __name__ == "__main__":
    main()
