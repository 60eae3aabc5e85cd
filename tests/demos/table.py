"""One table of the lineage: every config trained on as many images of the same data, and scored.

    python -m tests.demos.table FOLDER [--images=96000] [--seeds=3] [--samples=1000] [--rows=a,b]

A row is one config; a run of it with seed s is FOLDER/NAME-s, trained by the same code as
`jaxgan train` and scored as by `jaxgan evaluate`. Runs that are done are not done again, and a run
that was stopped continues: start the command again after any interruption, or with more seeds or
other rows. The line `untrained` scores generators that were never trained. At the end, and after
every run, FOLDER/table.md holds mean and deviation over seeds, and FOLDER/NAME-s.png a sheet.

Mode coverage of the games that need no convolution: demos/rings.py.
"""

import argparse
import importlib.util
import shutil
import time
from pathlib import Path

import numpy as np
from ml_collections import ConfigDict

from jaxgan import train
from jaxgan.evaluate.command import evaluate
from jaxgan.evaluate.results import read_results

CONFIGS = Path(__file__).parents[2] / "configs"
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


def config_of(row: str, images: int, seed: int, samples: int) -> ConfigDict:
    """Return a row's config for so many images seen by the discriminator, at 32 x 32."""
    file, fields = ROWS[row]
    spec = importlib.util.spec_from_file_location(file, CONFIGS / f"{file}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    config = module.get_config()
    config.update_from_flattened_dict(fields)
    config.data.size = (32, 32)
    steps = max(round(images / (config.train.batch * config.train.num_d_steps)), 1)
    if config.growth.stage_images:  # the last of seven stages begins with the last third
        config.growth.stage_images = images / 9
    config.seed = seed
    config.train.update(steps=steps, log_every=max(steps // 20, 1), keep_checkpoints=1)
    config.train.update(sample_every=max(steps // 4, 1), checkpoint_every=max(steps // 4, 1))
    config.watch.every = 0
    config.evaluate.update(samples=samples, metrics=("fd", "kd", "precision_recall"))
    return config


def scored(workdir: Path, config: ConfigDict) -> dict[str, float]:
    """Train and score a run, or read what is there: its scores and its hours of training."""
    results = workdir / "results.jsonl"
    if not (workdir / "done").exists():
        began = time.perf_counter()
        if train.train(config, workdir):
            raise SystemExit(f"{workdir} was stopped: start again to continue")
        with (workdir / "seconds").open("a") as file:
            file.write(f"{time.perf_counter() - began:.0f}\n")
        evaluate(workdir, config)
        shutil.copy(max((workdir / "samples").glob("*.png")), workdir.with_suffix(".png"))
        (workdir / "done").touch()
    seconds = sum(map(int, (workdir / "seconds").read_text().split()))
    return {**read_results(results)[-1]["metrics"], "minutes": seconds / 60}


def untrained(config: ConfigDict, workdir: Path) -> dict[str, float]:
    """Score the generator of a row as it is first drawn: one step with a rate of nearly 0."""
    config = ConfigDict(config.to_dict())
    config.generator.learning_rate = config.discriminator.learning_rate = 1e-12
    config.train.update(steps=1, log_every=1, sample_every=1, checkpoint_every=1)
    return scored(workdir, config)


def markdown(found: dict[str, list[dict[str, float]]], columns: tuple[str, ...]) -> str:
    """Return a table of means, with deviations where there are several seeds."""
    lines = [f"| row | seeds | {' | '.join(columns)} |", "| --- " * (2 + len(columns)) + "|"]
    for row, values in found.items():
        cells = []
        for name in columns:
            numbers = [v[name] for v in values if name in v]
            cell = f"{np.mean(numbers):.3g}" if numbers else ""
            cells.append(cell + (f" ± {np.std(numbers, ddof=1):.2g}" if len(numbers) > 1 else ""))
        lines.append(f"| {row} | {len(values)} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=96_000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--rows", default=",".join(ROWS))
    wish = parser.parse_args()
    rows, found = wish.rows.split(","), {}
    if unknown := set(rows) - set(ROWS):
        raise SystemExit(f"--rows has {sorted(unknown)}: write some of {', '.join(ROWS)}")
    for seed in range(wish.seeds):
        for row in rows:
            config = config_of(row, wish.images, seed, wish.samples)
            name = f"{row.replace(' ', '_')}-{seed}"
            values = scored(wish.folder / name, config)
            if not seed:
                first = untrained(config, wish.folder / f"{name}-untrained")
                found[row] = []
                values["factor"] = first["fd_lite0"] / values["fd_lite0"]
            found[row].append(values)
            (wish.folder / "table.md").write_text(markdown(found, ("minutes", *SCORES, "factor")))
    print((wish.folder / "table.md").read_text())


if __name__ == "__main__":
    main()
