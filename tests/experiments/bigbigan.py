"""Trains BigBiGAN small and asks what its encoder knows of classes that it was never told.

    python tests/data/real_data.py fashion_mnist data/fashion_mnist
    python -m tests.experiments.bigbigan --test=data/fashion_mnist/train
        [--workdir=runs/bigbigan_fashion] [--steps=N]

The same linear probe (ridge regression, its l2 chosen on 1,000 images of the training split that
are not probed on) on features of other images: of the trained encoder, of the same network as it is
drawn, and of raw pixels, from 10 labels a class to all; and the nearest neighbours. The images are
those of --test, here the 60,000 that the package does not carry, which nothing was chosen by; or,
without it, the held-out fifth, by which the config was chosen among five settings. Writes a section
of docs/family.md and a picture of reconstructions.
"""

import numpy as np

from configs import bigbigan_fashion
from jaxgan.data.records import open_records
from jaxgan.evaluate.evaluation import joined
from jaxgan.evaluate.images import record_images
from jaxgan.evaluate.metrics import probe
from jaxgan.files import json_lines
from jaxgan.media.pictures import enlarge, grid, save_picture
from jaxgan.media.pixels import to_stored
from jaxgan.models.bigbigan import pooled
from jaxgan.trained import encoder
from tests.experiments.page import DOCS, table, write_section
from tests.experiments.training import trained

HELD_OUT, VALIDATION = "train[80%:]", 1000
STRENGTHS = (1.0, 10.0, 100.0, 1000.0, 10_000.0)
LABELS = (10, 100, None)  # of each class; None: all
DRAWS = 5


def data(records, size):
    images, labels = joined(record_images(records, size).batches(100))
    return images, labels.astype(int)


def probe_accuracy(train_x, train_y, test_x, test_y, each, seed):
    """Return the accuracy on test images of a probe with `each` labels a class."""
    fit, held = np.arange(len(train_y) - VALIDATION), np.arange(len(train_y))[-VALIDATION:]
    if each is not None:
        order = np.random.default_rng(seed).permutation(fit)
        fit = np.concatenate([order[train_y[order] == c][:each] for c in range(10)])

    def right(images, labels, l2):
        found = probe.ridge_labels(train_x[fit], train_y[fit], images, 10, l2)
        return probe.accuracy(found, labels)

    best = max(STRENGTHS, key=lambda l2: right(train_x[held], train_y[held], l2))
    return right(test_x, test_y, best)


def margins(means, feature, other):
    """Return by how many points a feature is ahead of another, for each number of labels."""
    return ", ".join(
        f"{100 * (a - b):+.1f}" for a, b in zip(means[feature], means[other], strict=True)
    )


def features(trained, drawn, train_x, test_x):
    """Yield (name, training features, test features)."""
    flat = lambda x: x.reshape(len(x), -1)
    yield "raw pixels", flat(train_x), flat(test_x)
    for name, e in (("untrained encoder", drawn), ("BigBiGAN's encoder", trained)):
        pair = e.features(train_x), e.features(test_x)
        yield f"{name}, AvgPool", *pair
        yield f"{name}, BN+CReLU", *probe.crelu(*pair)
    yield "BigBiGAN's mean latents", trained.latents(train_x), trained.latents(test_x)


def reconstructions(trained, images, columns=16):
    """Return a sheet: images, G of their mean latents, G of a draw of them, samples."""
    x = np.asarray(
        pooled(images[:columns], images.shape[1] // trained.run.config.model.encoder_scale)
    )
    z = np.random.default_rng(0).normal(size=(columns, trained.run.config.model.latent_dim))
    mean, drawn = (trained.reconstructions(images[:columns], seed) for seed in (None, 0))
    rows = [x, mean, drawn, trained.images(z.astype(np.float32))]
    return grid(enlarge(to_stored(np.concatenate(rows)), 40), columns), float(
        ((mean - x) ** 2).mean()
    )


def main():
    config = bigbigan_fashion.get_config()
    args, minutes = trained(__doc__, config, "runs/bigbigan_fashion", "--test")

    learned = encoder.load(args.workdir)
    drawn = encoder.untrained(learned.run)
    size = config.data.size
    train_x, train_y = data(open_records(config.data.name, config.data.split), size)
    test = (args.test, "train") if args.test else (config.data.name, HELD_OUT)
    test_x, test_y = data(open_records(*test), size)
    rows, means = [], {}
    for name, a, b in features(learned, drawn, train_x, test_x):
        cells, means[name] = [], []
        for each in LABELS:
            draws = range(DRAWS if each else 1)
            found = [probe_accuracy(a, train_y, b, test_y, each, s) for s in draws]
            spread = f" ± {100 * np.std(found, ddof=1):.1f}" if each else ""
            cells.append(f"{100 * np.mean(found):.1f}{spread}")
            means[name].append(np.mean(found))
        near = probe.neighbour_labels(a, train_y, b, 10, k=25)
        rows.append((name, a.shape[1], *cells, f"{100 * probe.accuracy(near, test_y):.1f}"))
        print(*rows[-1], sep=" | ", flush=True)
    ahead = []
    for kind in ("AvgPool", "BN+CReLU"):
        others = ("raw pixels", f"untrained encoder, {kind}")
        ours = f"BigBiGAN's encoder, {kind}"
        ahead.append((kind, *(margins(means, ours, other) for other in others)))
    sheet, error = reconstructions(learned, test_x)
    save_picture(DOCS / "bigbigan_reconstructions.png", sheet)
    rates = [line["images_per_second"] for line in json_lines.read(args.workdir / "timing.jsonl")]
    print(f"{np.median(rates or [0]):.0f} images a second, error {error:.3f}")
    flag = f" --test={args.test}" if args.test else ""
    chosen = "which nothing was chosen by" if args.test else "by which the setting was chosen"
    head = ("features", "number", "10 labels per class", "100", "all 7,000", "25 neighbours")
    write_section(
        "BigBiGAN",
        f"""`python -m tests.experiments.bigbigan{flag}` trains `configs/bigbigan_fashion.py` for
{learned.step} steps of 64 images{minutes}, on 8,000 images without labels. Then the classes of
{len(test_y):,} other images ({chosen}) are predicted from features: accuracy in percent, of a ridge
regression with the number of labels in the column's head (mean and standard deviation over {DRAWS}
draws of the labels), and of the nearest neighbours.

{table(head, rows)}
One training with one seed. Percentage points ahead with 10 labels per class, 100, and all:

{table(("trained encoder", "of raw pixels", "of itself untrained"), ahead)}
![reconstructions](bigbigan_reconstructions.png)

Rows: held-out images at the generator's size; reconstructions from their mean latents;
reconstructions from latents drawn for them; samples from the prior. The squared error of the second
row is {error:.3f} (pixels in [-1, 1]).
""",
    )


if __name__ == "__main__":
    main()
