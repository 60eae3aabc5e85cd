"""jaxgan invert: the latents of an image."""

from pathlib import Path
from types import SimpleNamespace

from jaxgan.commands.command import FORCE, Command, UsageError
from jaxgan.commands.saved import saved_config
from jaxgan.config.field import Field, at_least


def run(values: SimpleNamespace) -> int:
    if not values.image:
        raise UsageError("--image is missing: write --image=FILE.png")
    from jaxgan.trained.inversion import invert_command

    output, image = Path(values.output), Path(values.image)
    wanted = values.label, values.steps, values.force
    return invert_command(values.model, values.config, image, output, *wanted)


COMMAND = Command(
    "invert",
    "Find the latents of an image.",
    "jaxgan invert runs/quickstart --image=photo.png --steps=300",
    run,
    "MODEL",
    {
        "image": Field("", "the image, of the size that the generator makes"),
        "output": Field(
            "inversion.png",
            "picture of the image beside its reconstruction; the latents are written beside "
            "it as .npz",
        ),
        "label": Field("", "class of the image; by default all are tried"),
        "steps": Field(300, "steps of the optimisation", at_least(1)),
        "force": FORCE,
    },
    has_config=True,
    sections=("sample",),
    saved=saved_config,
)
