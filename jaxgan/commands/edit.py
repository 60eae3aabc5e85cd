"""jaxgan edit: paint on an image of a generator."""

from pathlib import Path
from types import SimpleNamespace

from ml_collections import ConfigDict

from jaxgan.commands.command import FORCE, Command, UsageError
from jaxgan.config.field import Field, at_least
from jaxgan.trained.places import place


def operands(values: SimpleNamespace) -> tuple[Path, Path]:
    """Return the run or exported file, and the file of strokes, of a command line."""
    if len(values.operands) != 2:
        raise UsageError(f"RUN STROKES are two words: write them, as in {COMMAND.example}")
    run, strokes = values.operands
    return place(run), Path(strokes)


def run(values: SimpleNamespace) -> int:
    from jaxgan.trained.edit_command import Options, edit_command

    model, strokes = operands(values)
    options = Options(**{name: getattr(values, name) for name in FLAGS})
    return edit_command(model, values.config, strokes, options)


def saved(values: SimpleNamespace) -> ConfigDict:
    from jaxgan.trained.load import model_config

    return model_config(operands(values)[0])


FLAGS = {
    "edges": Field("", "picture of lines that the result should have, opaque on the lines"),
    "output": Field(
        "edit.png", "picture; a film is written beside it as .gif, the latents as .npz"
    ),
    "label": Field("", "class of the image; by default the one that fits the strokes best"),
    "seed": Field(0, "seed of the image that is painted on, and of the other starts", at_least(0)),
    "starts": Field(32, "number of starts that are tried at once; the best is shown", at_least(1)),
    "steps": Field(100, "steps of the optimisation", at_least(1)),
    "keep": Field(0.005, "weight of the distance from the start's latents", at_least(0.0)),
    "realism": Field(
        0.0, "weight of the discriminator's term; needs a run's directory", at_least(0.0)
    ),
    "force": FORCE,
}

COMMAND = Command(
    "edit",
    "Find the image of a generator that looks like the strokes painted on it. STROKES is a PNG of\n"
    "the size of the generator's images, opaque where it is painted.",
    "jaxgan edit fashion strokes.png --seed=3 --label=Sneaker",
    run,
    "RUN STROKES",
    FLAGS,
    has_config=True,
    sections=("sample",),
    saved=saved,
)
