"""One table of the lineage: every config trained on as many images of the same data, and scored.

    python -m tests.demos.table RUNS [--seeds=3] [--rows=a,b] [--output=tests/demos/table.json]

A row is one config, trained by the code of `jaxgan train` (run RUNS/NAME-SEED) on 64,000 images of
Fashion-MNIST at 32 x 32, counted as the discriminator sees them, and scored on 1,000 samples as by
`jaxgan evaluate`. Each entry of the table is saved as it is done, and what is there is not done
again: the command continues after any interruption. An `untrained` entry scores the generator after
its first step, whose average is nearly as it was drawn.

With the output's default, the table and its pictures become a section of docs/lineage.md. Mode
coverage of the games that need no convolution: demos/rings.py.
"""

import argparse
import importlib.util
import json
import time
from functools import cache
from pathlib import Path

import jax
import numpy as np
from ml_collections import ConfigDict

from jaxgan.devices import compiler, sharding
from jaxgan.evaluate.images import Images
from jaxgan.evaluate.models import open_model
from jaxgan.evaluate.samples import samples
from jaxgan.evaluate.session import Session
from jaxgan.media.pictures import grid, save_picture
from jaxgan.training import train

HERE = Path(__file__).parent
CONFIGS, PAGE = HERE.parents[1] / "configs", HERE.parents[1] / "docs" / "lineage.md"
IMAGES, SAMPLES = 64_000, 1000
# Row -> config file, and its fields that differ.
ROWS = {
    "mlp": ("mlp_gan", {}),
    "mlp conditional": ("mlp_gan", {"model.conditional": True}),
    "mlp minimax": ("mlp_gan", {"objective.loss": "minimax"}),
    "mlp least squares": ("mlp_gan", {"objective.loss": "least_squares"}),
    "dcgan": ("dcgan_fashion", {}),
    "dcgan diffaugment": ("dcgan_fashion", {"augmentation.name": "diff_augment"}),
    "lapgan": ("lapgan_fashion", {}),
    "improved": ("improved_fashion", {}),
    "infogan": ("infogan_fashion", {}),
    "ebgan": ("ebgan_fashion", {}),
    "bigan": ("bigan_fashion", {}),
    "acgan": ("acgan_fashion", {}),
    "wgan-gp": ("wgan_gp_fashion", {}),
    "mmd": ("mmd_gan_fashion", {}),
    "relativistic": ("relativistic_fashion", {}),
    "progan": ("progan_fashion", {}),
    "sngan": ("sngan_fashion", {}),
    "sagan": ("sagan_fashion", {}),
    "stylegan": ("stylegan_fashion", {}),
    "biggan": ("quickstart", {}),
}
SCORES = ("fd_lite0", "kd_lite0", "precision_lite0", "recall_lite0")
MARKS = ("<!-- table -->\n", "<!-- end of table -->\n")


def config_of(row: str, seed: int) -> ConfigDict:
    """Return a row's config for IMAGES images seen by the discriminator, at 32 x 32."""
    file, fields = ROWS[row]
    spec = importlib.util.spec_from_file_location(file, CONFIGS / f"{file}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    config = module.get_config()
    config.update_from_flattened_dict(fields)
    config.data.size = (32, 32)
    steps = round(IMAGES / (config.train.batch * config.train.num_d_steps))
    if config.growth.stage_images:  # the last of seven stages begins with the last third
        config.growth.stage_images = IMAGES / 9
    config.seed = seed
    config.train.update(steps=steps, log_every=steps // 20, keep_checkpoints=1)
    config.train.update(sample_every=steps // 4, checkpoint_every=steps // 4)
    config.watch.every = 0
    config.evaluate.update(samples=SAMPLES, metrics=("fd", "kd", "precision_recall"))
    return config


def trained(workdir: Path, config: ConfigDict) -> float:
    """Train a run, or go on with it; return the processor minutes of all its parts."""
    began, spent = time.process_time(), workdir / "seconds"
    if train.train(config, workdir):
        raise SystemExit(f"{workdir} was stopped: start again to continue")
    with spent.open("a") as file:
        file.write(f"{time.process_time() - began:.0f}\n")
    return sum(map(int, spent.read_text().split())) / 60


@cache
def session() -> Session:
    """Return what scores every row: compiled, and the real images read, once."""
    return Session(config_of("mlp", 0), sharding.create_mesh(), Path(), print)


def entry(row: str, seed: int | None, runs: Path) -> tuple[dict[str, float], Images]:
    """Train and score a row with a seed, or untrained (None): its scores, and its samples."""
    config = config_of(row, seed or 0)
    if seed is None:
        config.train.update(steps=1, log_every=1, sample_every=1, checkpoint_every=1)
    workdir = runs / f"{row.replace(' ', '_')}-{'untrained' if seed is None else seed}"
    minutes, model = trained(workdir, config), open_model(workdir, config)
    mesh = sharding.create_mesh()
    fake = samples(model.generator, SAMPLES, config.evaluate.seed, None, mesh)
    found = session().evaluator(model, fake)(fake).metrics
    return {"minutes": minutes, **{name: found[name] for name in SCORES}}, fake


def strip(fake: Images) -> np.ndarray:
    """Return the first ten samples in a row, twice their size, [64, 640, channels] uint8."""
    images = np.asarray(jax.device_get(next(fake.batches(10))[0]))
    return grid(images.repeat(2, 1).repeat(2, 2), 10)


def markdown(found: dict[str, dict], pictures: str) -> str:
    """Return the table: means, and deviations where there are several seeds, best row first.

    found: {"row seed": entry}. pictures: where the rows' strips are, as the page writes it.
    """
    lines = [f"| row | seeds | CPU minutes | {' | '.join(SCORES)} | factor | samples |"]
    lines.append("| --- " * (5 + len(SCORES)) + "|")
    seeds = {row: [] for row in ROWS}
    for name, scores in found.items():
        row, _, seed = name.rpartition(" ")
        if seed != "untrained":
            seeds[row].append(scores)
    distance = {row: np.mean([e["fd_lite0"] for e in seeds[row]]) for row in ROWS if seeds[row]}
    for row in sorted(distance, key=distance.get):
        cells = []
        for score in ("minutes", *SCORES):
            numbers = [e[score] for e in seeds[row]]
            spread = f" ± {np.std(numbers, ddof=1):.2g}" if len(numbers) > 1 else ""
            cells.append(f"{np.mean(numbers):.3g}{spread}")
        first = found.get(f"{row} untrained")
        cells.append(f"{first['fd_lite0'] / distance[row]:.1f}" if first else "")
        cells.append(f"![{row}]({pictures}/{row.replace(' ', '_')}.png)")
        lines.append(f"| {row} | {len(seeds[row])} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def put(page: Path, table: str, marks: tuple[str, str] = MARKS) -> None:
    """Write the table between its marks on a page."""
    before, _, rest = page.read_text().partition(marks[0])
    page.write_text(before + marks[0] + table + marks[1] + rest.partition(marks[1])[2])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", default=",".join(ROWS))
    parser.add_argument("--output", type=Path, default=HERE / "table.json")
    wish = parser.parse_args()
    if unknown := set(wish.rows.split(",")) - set(ROWS):
        raise SystemExit(f"--rows has {sorted(unknown)}: write some of {', '.join(ROWS)}")
    compiler.enable_persistent_cache()
    published = wish.output == HERE / "table.json"
    pictures = PAGE.parent / "lineage" if published else wish.output.parent / "lineage"
    found = json.loads(wish.output.read_text()) if wish.output.exists() else {}
    for seed in (*range(min(wish.seeds, 1)), None, *range(1, wish.seeds)):
        for row in wish.rows.split(","):
            name = f"{row} {'untrained' if seed is None else seed}"
            if name in found:
                continue
            found[name], fake = entry(row, seed, wish.runs)
            wish.output.write_text(json.dumps(found, indent=1) + "\n")
            if seed == 0:
                save_picture(pictures / f"{row.replace(' ', '_')}.png", strip(fake))
    if published:
        put(PAGE, markdown(found, "lineage"))
    print(markdown(found, str(pictures)))


if __name__ == "__main__":
    main()
