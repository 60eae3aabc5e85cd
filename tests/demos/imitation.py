"""The table and the picture of docs/imitation.md:

    python -m tests.demos.imitation runs/imitation [pendulum] [cartpole]

trains GAIL and its control without an expert three times on 20 pairs of each expert, scores them,
prints the table and draws docs/imitation.png. Runs that are done are not trained again.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from jaxgan.evaluate.cloning import cloned
from jaxgan.evaluate.returns import expert_records, pairs_of
from jaxgan.media.pictures import captioned, save_picture
from jaxgan.trained.load import load_policy
from jaxgan.trained.sample.rollouts import cell
from tests.data.experts import trajectories

ENVIRONMENTS, SEEDS = ("pendulum", "cartpole"), (0, 1, 2)
VARIANTS = {"GAIL": "", "a reward of 1 (no expert)": ":expert_free"}
COLUMNS = 12


def jaxgan(*argv: str) -> None:
    subprocess.run([sys.executable, "-m", "jaxgan", *argv], check=True)


def data(folder: Path, name: str) -> tuple[Path, Path]:
    """Return the 20 pairs of an expert, and all steps of its 50 trajectories."""
    pairs, everything, file = folder / name, folder / f"{name}_all", folder / f"{name}.npz"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(file, **trajectories(name, 50, seed=0))
    flags = ["--every=10", "--trajectories=1"]
    if not (everything / "dataset_info.json").exists():
        jaxgan("prepare", str(file), str(pairs), f"--environment={name}", *flags)
        jaxgan("prepare", str(file), str(everything), f"--environment={name}")
    return pairs, everything


def scored(folder: Path, name: str, variant: str, seed: int) -> dict[str, float]:
    """Return the scores of a run, which is trained where it is not done."""
    pairs, everything = data(folder, name)
    run = folder / f"{name}{variant.replace(':', '_')}_{seed}"
    config = f"--config=gail_{name}{variant}"
    argv = [f"--config.data.name={pairs}", f"--config.seed={seed}", f"--workdir={run}"]
    results = run / "results.jsonl"
    if not results.exists():
        jaxgan("train", config, *argv)
        jaxgan("evaluate", str(run), f"--config.evaluate.reference={everything}",
               f"--config.evaluate.seed={seed}")  # fmt: skip
    return json.loads(results.read_text().splitlines()[-1])["metrics"]


def line(name: str, what: str, runs: list[tuple[float, float]]) -> str:
    """Return a row: mean and standard deviation over seeds, of (return, distance)."""
    columns = zip(zip(*runs, strict=True), (0, 2), strict=True)  # values, digits
    cells = [f"{np.mean(x):.{d}f} ± {np.std(x):.{d}f}" for x, d in columns]
    return f"| {name} | {what} | {' | '.join(cells)} |"


def draw(folder: Path, name: str, path: Path) -> None:
    """Draw an episode of the expert, of the policy and of the clone, from one first state."""
    policy = load_policy(folder / f"{name}_0")
    pairs = pairs_of(expert_records(str(folder / name), "train", policy.config), policy.environment)
    clone = policy.with_weights(cloned(policy.side, *pairs), 0)
    seen = [trajectories(name, 1, seed=7)["observations"]]
    seen += [found.rollouts(1, seed=7).observations[:, :-1] for found in (policy, clone)]
    steps = np.linspace(0, seen[0].shape[1] - 1, COLUMNS).round().astype(int)
    cells = [cell(policy.environment, x) for rows in seen for x in rows[0, steps]]
    headings = [f"step {step}" for step in steps]
    captions = ("expert", "GAIL", "cloning")
    save_picture(path, captioned(np.stack(cells), COLUMNS, captions, headings))


def main(folder: Path, *names: str) -> None:
    print("| environment | policy | return | distance to the expert's states |")
    print("| --- | --- | --- | --- |")
    for name in names or ENVIRONMENTS:
        rows, everyone = {}, []
        for what, variant in VARIANTS.items():
            found = [scored(folder, name, variant, seed) for seed in SEEDS]
            rows[what] = [(x["return"], x["distance"]) for x in found]
            everyone += found[: len(SEEDS)] if not variant else []
        for what, key in (("cloning the same pairs", "_cloning"), ("even odds", "_random")):
            rows[what] = [(x[f"return{key}"], x[f"distance{key}"]) for x in everyone]
        print(f"| {name} | expert | {everyone[0]['return_expert']:.0f} | 0 |")
        for what, runs in rows.items():
            print(line(name, what, runs), flush=True)
        if name == "pendulum":
            draw(folder, name, Path("docs/imitation.png"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
