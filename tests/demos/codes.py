"""What an InfoGAN's codes mean (arXiv 1606.03657): a picture, and agreement with the classes.

    python -m tests.demos.codes runs/infogan [codes.png]

Each row is a category of the network's own making; the first continuous code goes from -2 to 2
along it, all else held. Rows are in the order of the classes that they agree with: the recognition
names a category for every image of the data, and categories are matched with classes one to one, so
that the most images agree. Chance is about one over the number of classes; labels were never used
in training.
"""

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import linear_sum_assignment

import jaxgan
from jaxgan.data.records import open_records
from jaxgan.evaluate.evaluation import joined
from jaxgan.evaluate.images import record_images
from jaxgan.game.game import bind
from jaxgan.media.pictures import captioned, save_picture
from jaxgan.media.pixels import to_stored
from jaxgan.training.checkpoints import Checkpoints
from jaxgan.training.run import abstract_state, load_run


def matched(categories: np.ndarray, labels: np.ndarray, classes: int) -> tuple[np.ndarray, float]:
    """Return the category of each class, matched one to one, and the share of images that agree."""
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels, categories), 1)
    rows, columns = linear_sum_assignment(-counts)
    return columns, counts[rows, columns].sum() / len(labels)


def recognised(workdir: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the category of every image of the data, and its label."""
    run = load_run(workdir)
    with Checkpoints(workdir / "checkpoints") as checkpoints:
        state = checkpoints.restore_newest(abstract_state(run))
    d = run.game.players["discriminator"]
    weights, _ = d.transform.apply(
        state.players["discriminator"].params, state.players["discriminator"].transform_state
    )
    apply = jax.jit(lambda x: bind(d.side, weights).recognise(x).classes)
    records = open_records(run.config.data.name, run.config.data.split)
    images, labels = joined(record_images(records, run.config.data.size).batches(500))
    parts = np.array_split(images, -(-len(images) // 500))
    found = [np.asarray(apply(jnp.asarray(part)).argmax(-1)) for part in parts]
    return np.concatenate(found), labels


def main(run: str, output: str = "codes.png", columns: int = 10) -> None:
    g = jaxgan.load(run)
    classes = len(g.class_names)
    order, agreement = matched(*recognised(Path(run)), classes)
    z = np.repeat(g.latents([0]), columns, 0)
    z[:, 0] = np.linspace(-2, 2, columns)
    images = [g.generate(z, np.full(columns, category)) for category in order]
    names = [f"{category}: {name}" for category, name in zip(order, g.class_names, strict=True)]
    save_picture(Path(output), captioned(to_stored(np.concatenate(images)), columns, names))
    print(f"{output}: the categories agree with {agreement:.1%} of the labels")


if __name__ == "__main__":
    main(*sys.argv[1:])
