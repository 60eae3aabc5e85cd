"""jaxgan average: a generator averaged over any share of its training, as one file."""

from pathlib import Path
from types import SimpleNamespace

from jaxgan.commands.command import FORCE, Command
from jaxgan.commands.saved import saved_config
from jaxgan.config.field import Field, within
from jaxgan.config.run_sections import LONGEST


def run(values: SimpleNamespace) -> int:
    from jaxgan.trained.export import check_target, write_export
    from jaxgan.trained.load import load

    output, config = Path(values.output), values.config
    replaced = check_target(output, None, values.force)
    config.sample.length = values.length
    print(write_export(output, load(values.model, config)) + replaced)
    return 0


COMMAND = Command(
    "average",
    "Write a file with the generator averaged over another share of its training, from a run with\n"
    "average.lengths (arXiv 2312.02696).",
    "jaxgan average runs/mine --length=0.07 --output=average.safetensors",
    run,
    "MODEL",
    {
        "length": Field(
            0.1,
            "relative length of the average: 0.1 is about the newest third",
            within(1e-3, LONGEST),
        ),
        "output": Field("average.safetensors", "NAME.safetensors or NAME.stablehlo"),
        "force": FORCE,
    },
    has_config=True,
    sections=("sample",),
    saved=saved_config,
)
