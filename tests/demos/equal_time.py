"""BigGAN, StyleGAN and R3GAN, trained for as many processor minutes on the same images.

    python tests/data/real_data.py emoji data/emoji --size=32 \\
        --groups "Smileys & Emotion" Flags "People & Body"
    taskset -c 0 python -m tests.demos.equal_time RUNS [--seeds=3] [--rows=...] [--sets=...]

A row is a small config of this repository, trained on one core for about MINUTES of its time: on as
many images as it manages then (ROWS), at 32 x 32, on Fashion-MNIST and on emoji in colour. 1,000
samples are scored as by `jaxgan evaluate`, and

    detail    how much the samples change from pixel to pixel, relative to the data: below 1 is
              blurred, above 1 is speckled (gradient energy, evaluate/metrics/paired.py)

`r3gan constant` is R3GAN with a constant in place of each schedule: the mean of its start and end.

Each entry is saved as it is done, and what is there is not done again. With the output's default
the table becomes a section of docs/lineage.md, with ten samples of each row's first seed.
"""

import argparse
import json
from functools import cache
from pathlib import Path

import numpy as np
from ml_collections import ConfigDict

from jaxgan.config import files
from jaxgan.devices import compiler, sharding
from jaxgan.evaluate.evaluation import joined
from jaxgan.evaluate.images import Images, open_images
from jaxgan.evaluate.metrics.paired import gradient_energy
from jaxgan.evaluate.models import open_model
from jaxgan.evaluate.samples import samples
from jaxgan.evaluate.session import Session
from jaxgan.media.pictures import save_picture
from tests.demos.table import HERE, PAGE, SAMPLES, put, strip, trained

MINUTES = 2
# Row -> config, its fields that differ, images in MINUTES.
BOTH = ("generator", "discriminator")
SMALL = {"train.batch": 16}  # so few images would be 100 steps of the config's 64
CONSTANT = SMALL | {"penalty.weight": 0.6, "average.half_life": 130.0}
CONSTANT |= {f"{player}.learning_rate": 1.1e-3 for player in BOTH}
CONSTANT |= {f"{player}.b2": 0.945 for player in BOTH}
ROWS = {
    "biggan": ("quickstart", {}, 36_000),
    "stylegan": ("stylegan_fashion", {}, 46_000),
    "r3gan": ("r3gan_fashion:5500", SMALL, 5_500),
    "r3gan constant": ("r3gan_fashion:5500", CONSTANT, 5_500),
}
SETS = {"fashion": {}, "emoji": {"data.name": "data/emoji", "data.class_balanced": True}}
SCORES = ("fd_lite0", "kd_lite0", "precision_lite0", "recall_lite0", "detail")
MARKS = ("<!-- equal time -->\n", "<!-- end of equal time -->\n")


def config_of(row: str, data: str, seed: int) -> ConfigDict:
    """Return a row's config for a data set, trained for MINUTES."""
    reference, fields, images = ROWS[row]
    config = files.load(reference)
    config.update_from_flattened_dict(fields | SETS[data])
    config.seed = seed
    steps = images // config.train.batch
    config.in_images.update(train=0, log=0, sample=0, checkpoint=0)
    config.train.update(steps=steps, log_every=steps // 20, keep_checkpoints=1)
    config.train.update(sample_every=steps // 2, checkpoint_every=steps // 2)
    config.watch.every = 0
    config.evaluate.update(samples=SAMPLES, metrics=("fd", "kd", "precision_recall"))
    return config


@cache
def session(data: str) -> Session:
    """Return what scores the rows of a data set: its real images are read once."""
    return Session(config_of("biggan", data, 0), sharding.create_mesh(), Path(), print)


@cache
def real(data: str) -> np.ndarray:
    """Return the images of a data set [n, 32, 32, c] in [-1, 1]."""
    source = config_of("biggan", data, 0).data
    return floats(open_images(source.name, source.split, source.size))


def floats(images: Images) -> np.ndarray:
    """Return all images [n, h, w, c] in [-1, 1]."""
    return joined(images.batches(500))[0]


def entry(row: str, data: str, seed: int, runs: Path) -> tuple[dict[str, float], Images]:
    """Train and score a row: its scores, and its samples."""
    config = config_of(row, data, seed)
    workdir = runs / f"{data}-{row.replace(' ', '_')}-{seed}"
    minutes, model = trained(workdir, config), open_model(workdir, config)
    fake = samples(model.generator, SAMPLES, config.evaluate.seed, None, sharding.create_mesh())
    found = session(data).evaluator(model, fake)(fake).metrics
    detail = gradient_energy(floats(fake), real(data))
    images = ROWS[row][-1] / 1000
    scores = {name: found[name] for name in SCORES[:-1]}
    return {"minutes": minutes, "images": images, **scores, "detail": detail}, fake


def markdown(found: dict[str, dict], pictures: str) -> str:
    """Return the table: means, and deviations where there are several seeds, best row first.

    found: {"set/row/seed": entry}. pictures: where the rows' strips are, as the page writes it.
    """
    columns = ("images, thousands", "CPU minutes", *SCORES)
    lines = [f"| data | row | seeds | {' | '.join(columns)} | samples |"]
    lines.append("| --- " * (len(columns) + 4) + "|")
    for data in SETS:
        seeds = {
            row: [e for n, e in found.items() if n.startswith(f"{data}/{row}/")] for row in ROWS
        }
        distance = {row: np.mean([e["fd_lite0"] for e in s]) for row, s in seeds.items() if s}
        for row in sorted(distance, key=distance.get):
            cells = []
            for score in ("images", "minutes", *SCORES):
                numbers = [e[score] for e in seeds[row]]
                several = len(numbers) > 1 and score != "images"
                spread = f" ± {np.std(numbers, ddof=1):.2g}" if several else ""
                cells.append(f"{np.mean(numbers):.3g}{spread}")
            cells.append(f"![{row}]({pictures}/{data}_{row.replace(' ', '_')}.png)")
            lines.append(f"| {data} | {row} | {len(seeds[row])} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", default=",".join(ROWS))
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--data", default="data", help="folder of the set emoji")
    parser.add_argument("--output", type=Path, default=HERE / "equal_time.json")
    wish = parser.parse_args()
    for flag, known in (("rows", ROWS), ("sets", SETS)):
        if unknown := set(getattr(wish, flag).split(",")) - set(known):
            raise SystemExit(f"--{flag} has {sorted(unknown)}: write some of {', '.join(known)}")
    SETS["emoji"]["data.name"] = f"{wish.data}/emoji"
    compiler.enable_persistent_cache()
    published = wish.output == HERE / "equal_time.json"
    pictures = PAGE.parent / "lineage" if published else wish.output.parent / "lineage"
    found = json.loads(wish.output.read_text()) if wish.output.exists() else {}
    for seed in range(wish.seeds):
        for data in wish.sets.split(","):
            for row in wish.rows.split(","):
                name = f"{data}/{row}/{seed}"
                if name in found:
                    continue
                found[name], fake = entry(row, data, seed, wish.runs)
                wish.output.write_text(json.dumps(found, indent=1) + "\n")
                if seed == 0:
                    path = pictures / f"{data}_{row.replace(' ', '_')}.png"
                    save_picture(path, strip(fake))
    if published:
        put(PAGE, markdown(found, "lineage"), MARKS)
    print(markdown(found, str(pictures)))


if __name__ == "__main__":
    main()
