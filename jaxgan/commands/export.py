"""jaxgan export: a generator as one file."""

from pathlib import Path
from types import SimpleNamespace

from jaxgan.commands.command import FORCE, Command, UsageError
from jaxgan.commands.saved import saved_config
from jaxgan.config.field import Field


def run(values: SimpleNamespace) -> int:
    try:
        truncations = tuple(float(t) for t in values.truncations.split(",") if t)
    except ValueError:
        raise UsageError(
            f"--truncations={values.truncations}: write numbers, such as 0.5,1"
        ) from None
    from jaxgan.trained.export import check_target, write_export
    from jaxgan.trained.load import load

    output, chosen = Path(values.output), truncations or None
    replaced = check_target(output, chosen, values.force, values.dtype)
    written = write_export(output, load(values.model, values.config), chosen, values.dtype)
    print(written + replaced)
    return 0


COMMAND = Command(
    "export",
    "Write a file that samples without the run (.safetensors), or without jaxgan (.stablehlo).",
    "jaxgan export runs/quickstart --output=fashion.safetensors",
    run,
    "MODEL",
    {
        "output": Field("generator.safetensors", "NAME.safetensors or NAME.stablehlo"),
        "truncations": Field(
            "", "truncations whose statistics are stored, such as 0.5,1; by default a range"
        ),
        "dtype": Field(
            "float32", "dtype of the weights: float32, float16 or bfloat16 (half as large)"
        ),
        "force": FORCE,
    },
    has_config=True,
    sections=("sample",),
    saved=saved_config,
)
