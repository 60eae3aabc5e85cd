"""How many of 1,000 modes a game finds: three digits stacked as the channels of one image.

    python tests/data/real_data.py mnist data/mnist
    python tests/data/real_data.py stacked_mnist data/stacked_mnist
    python -m tests.demos.modes data RUNS [--rows=a,b] [--seeds=1]

StackedMNIST (arXiv 1611.02163): red, green and blue are three digits drawn independently, so an
image has one of 1,000 numbers, all equally frequent. The games are not told which. A classifier of
single digits, trained on 9,000 of the 10,000 and tested on the rest, reads the three channels of
26,000 samples; a number that is read at least once is a mode that is found. Beside the count: the
Kullback-Leibler divergence of the numbers read from all equally often, in nats. Anything is read
as some number, so two controls are printed first: `data`, the images of the set, and `noise`,
uniform pixels.

Every game gets about the same processor time (MINUTES): as many images as it manages in it.
Differs from the paper: 10,000 digits, not 60,000; networks for a CPU, of 16 to 64 channels.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from ml_collections import ConfigDict

from jaxgan.config import files
from jaxgan.data.records import open_records
from jaxgan.devices import compiler, sharding
from jaxgan.evaluate.evaluation import joined
from jaxgan.evaluate.extractors.convnet import convnet_labels
from jaxgan.evaluate.images import record_images
from jaxgan.evaluate.models import open_model
from jaxgan.evaluate.samples import samples
from jaxgan.media.pictures import grid, save_picture
from jaxgan.media.pixels import to_stored
from jaxgan.training import train

SAMPLES, SIDE, EPOCHS = 26_000, 32, 5
TESTED = 1000  # digits that the classifier is not trained on
# Row -> config, its fields that differ, images: about MINUTES of a processor.
MINUTES = 3
ROWS = {
    "dcgan": ("dcgan_fashion", {}, 256_000),
    "biggan": ("quickstart", {}, 54_000),
    "r3gan": ("r3gan_fashion:9000", {"model.conditional": False, "train.batch": 16}, 9_000),
}


def digits(data: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the single digits [n, 32, 32, 1] in [-1, 1], and their labels [n]."""
    records = open_records(str(data / "mnist"), "train")
    return joined(record_images(records, (SIDE, SIDE)).batches(500))


def read(train: tuple[np.ndarray, np.ndarray], images: np.ndarray) -> np.ndarray:
    """Return the numbers [n] in [0, 1000) of images [n, h, w, 3] in [-1, 1], by a convnet."""
    channels = np.moveaxis(images, -1, 1).reshape(-1, *images.shape[1:3], 1)
    return convnet_labels(*train, channels, 10, EPOCHS).reshape(-1, 3) @ (100, 10, 1)


def coverage(numbers: np.ndarray) -> tuple[int, float]:
    """Return how many of 1,000 numbers occur, and the divergence from all equally, in nats."""
    counts = np.bincount(numbers, minlength=1000)
    p = counts[counts > 0] / counts.sum()
    return int((counts > 0).sum()), float((p * np.log(1000 * p)).sum())


def config_of(row: str, data: Path, seed: int) -> ConfigDict:
    """Return a row's config, without labels, for its number of images."""
    reference, fields, images = ROWS[row]
    config = files.load(reference)
    config.update_from_flattened_dict(fields)
    config.data.update(name=str(data / "stacked_mnist"), size=(SIDE, SIDE))
    config.seed = seed
    steps = images // config.train.batch
    config.in_images.train = config.in_images.log = 0
    config.in_images.sample = config.in_images.checkpoint = 0
    config.train.update(steps=steps, log_every=steps // 20, keep_checkpoints=1)
    config.train.update(sample_every=steps // 4, checkpoint_every=steps // 4)
    config.watch.every = 0
    return config


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--rows", default=",".join(ROWS))
    parser.add_argument("--seeds", type=int, default=1)
    wish = parser.parse_args()
    if unknown := set(wish.rows.split(",")) - set(ROWS):
        raise SystemExit(f"--rows has {sorted(unknown)}: write some of {', '.join(ROWS)}")
    compiler.enable_persistent_cache()
    mesh = sharding.create_mesh()
    images, labels = digits(wish.data)
    train_set = images[TESTED:], labels[TESTED:]
    right = convnet_labels(*train_set, images[:TESTED], 10, EPOCHS) == labels[:TESTED]
    print(f"classifier: {right.mean():.1%} of {TESTED:,} digits it was not trained on")

    def score(name: str, images: np.ndarray) -> None:
        modes, divergence = coverage(read(train_set, images))
        print(f"{name}: {modes} of 1,000 modes, divergence {divergence:.3f}", flush=True)

    records = open_records(str(wish.data / "stacked_mnist"), "train")
    real, _ = joined(record_images(records, (SIDE, SIDE)).batches(500))
    score("data", real)
    score("noise", np.random.default_rng(0).uniform(-1, 1, real.shape).astype(np.float32))
    for seed in range(wish.seeds):
        for row in wish.rows.split(","):
            config, workdir = config_of(row, wish.data, seed), wish.runs / f"modes_{row}-{seed}"
            began = time.process_time()
            if train.train(config, workdir):
                raise SystemExit(f"{workdir} was stopped: start again to continue")
            minutes = (time.process_time() - began) / 60
            generator = open_model(workdir, config).generator
            fake, _ = joined(samples(generator, SAMPLES, 0, None, mesh).batches(500))
            save_picture(wish.runs / f"modes_{row}-{seed}.png", grid(to_stored(fake[:20]), 10))
            score(f"{row}, seed {seed}, {minutes:.1f} processor minutes", fake)


if __name__ == "__main__":
    main()
