"""`jaxgan sample` for a simulator: a sheet with a row per number, or a file per sample."""

from pathlib import Path

import jax
import numpy as np

from jaxgan.files.atomic import check_output, check_outputs, write_text
from jaxgan.media import terminal
from jaxgan.media.pictures import captioned, refuse_suffix, save_picture
from jaxgan.trained.simulator import Simulator

NOT_OF_NUMBERS = ("seeds", "classes", "truncation", "truncations")
ROWS = 5


def sample_numbers(simulator: Simulator, options) -> int:
    """Draw samples of evenly spaced numbers to options.output, by default sample.png; with
    --kind=images, write options.count files to a folder. Return the exit code.

    options: those of sample/command.py; the ones about classes and truncations are refused.
    """
    if options.kind not in ("classes", "images"):
        raise ValueError(
            f"--kind={options.kind}: samples are made from numbers: leave it out, or images"
        )
    for name in NOT_OF_NUMBERS:
        if value := getattr(options, name):
            raise ValueError(f"--{name}={value}: samples are made from numbers: leave it out")
    spec, medium = simulator.medium.spec.condition, simulator.medium
    if options.kind == "images":
        return _files(simulator, Path(options.output or "samples"), options.count, options.seed)
    output = Path(options.output or "sample.png")
    refuse_suffix(output)
    replaced = check_output(output)
    if jax.process_index():
        return 0  # one process draws
    columns = options.columns or simulator.config.sample.columns
    if columns < 1:
        raise ValueError(f"--columns={columns}: write 1 or more")
    numbers = np.linspace(spec.least, spec.most, ROWS)
    rows = [simulator.sample(np.full(columns, number), options.seed) for number in numbers]
    joined = jax.tree.map(lambda *x: np.concatenate(x), *rows)
    shown = captioned(medium.pictures(joined), columns, [f"{number:g}" for number in numbers])
    save_picture(output, shown)
    print(terminal.drawn(shown), end="")
    print(f"{output}: rows of {', '.join(f'{number:g}' for number in numbers)}{replaced}")
    return 0


def _files(simulator: Simulator, folder: Path, count: int, seed: int) -> int:
    """Write samples 0, 1, ... of uniformly drawn numbers, a file each, and numbers.csv."""
    if count < 1:
        raise ValueError(f"--count={count}: write 1 or more")
    medium, spec = simulator.medium, simulator.medium.spec.condition
    files = [folder / f"{number:08d}{medium.suffix}" for number in range(count)]
    table = folder / "numbers.csv"
    replaced = check_outputs((*files, table))
    numbers = np.random.default_rng(seed).uniform(spec.least, spec.most, count).astype(np.float32)
    made = simulator.sample(numbers, seed)
    for i, file in enumerate(files):
        medium.write(file, jax.tree.map(lambda x, i=i: x[i], made))
    lines = [f"{file.name},{number:.6g}\n" for file, number in zip(files, numbers, strict=True)]
    write_text(table, "name,number\n" + "".join(lines))
    print(f"{folder}: {count} samples, their numbers in {table}{replaced}")
    return 0
