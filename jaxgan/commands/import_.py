"""jaxgan import: published weights as a file that jaxgan samples from."""

from pathlib import Path
from types import SimpleNamespace

from jaxgan.commands.command import FORCE, Command, UsageError
from jaxgan.config.field import Field, at_least
from jaxgan.files.atomic import check_output


def run(values: SimpleNamespace) -> int:
    if len(values.operands) != 3:
        raise UsageError("KIND SOURCE TARGET are three words: write them, as in " + COMMAND.example)
    kind, source, target = values.operands
    from jaxgan.trained import published

    replaced = check_output(Path(target), "TARGET", (".safetensors",), values.force)
    eps = values.batch_norm_eps
    fields = {"model.batch_norm_eps": eps} if eps else None
    weights = published.import_weights(source, kind, target, fields)
    for note in weights.notes:
        print(f"note: {note}")
    print(f"{target}: {len(weights.arrays)} arrays; jaxgan sample {target} draws from it{replaced}")
    return 0


COMMAND = Command(
    "import",
    "Read published weights: KIND is biggan-pytorch, huggingface or hub.",
    "jaxgan import biggan-pytorch G_ema.pth biggan.safetensors",
    run,
    "KIND SOURCE TARGET.safetensors",
    {
        "batch_norm_eps": Field(
            0.0,
            "eps of batch norm, which the file does not state; 0: the default of the kind's "
            "scripts",
            at_least(0.0),
        ),
        "force": FORCE,
    },
)
