"""jaxgan directions: what the strongest directions of the latents change."""

from pathlib import Path
from types import SimpleNamespace

from jaxgan.commands.command import FORCE, Command
from jaxgan.commands.saved import saved_config
from jaxgan.config.field import Field, at_least


def run(values: SimpleNamespace) -> int:
    from jaxgan.trained.directions import directions_command

    wanted = (values.method, values.count, values.layer, values.label, values.seed)
    output = Path(values.output)
    return directions_command(values.model, values.config, output, *wanted, None, 3.0, values.force)


COMMAND = Command(
    "directions",
    "Show what the strongest directions of the latents change.",
    'jaxgan directions runs/quickstart --method=principal --label="Ankle boot"',
    run,
    "MODEL",
    {
        "method": Field("factorised", "factorised (arXiv 2007.06600) or principal (2004.02546)"),
        "count": Field(6, "number of directions, the strongest first", at_least(1)),
        "layer": Field("", "part of the network at which they are measured, such as block_0"),
        "label": Field("", "class to show; by default the first"),
        "seed": Field(0, "seed of the latent that is changed", at_least(0)),
        "output": Field("directions.png", "picture; the directions are written beside it as .npz"),
        "force": FORCE,
    },
    has_config=True,
    sections=("sample",),
    saved=saved_config,
)
