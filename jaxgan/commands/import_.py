"""jaxgan import: published weights as a file that jaxgan samples from."""

from types import SimpleNamespace

from jaxgan.commands.command import Command, UsageError


def run(values: SimpleNamespace) -> int:
    if len(values.operands) != 3:
        raise UsageError("KIND SOURCE TARGET are three words: write them, as in " + COMMAND.example)
    kind, source, target = values.operands
    from jaxgan.trained import published

    weights = published.import_weights(source, kind, target)
    print(f"{target}: {len(weights.arrays)} arrays; jaxgan sample {target} draws from it")
    return 0


COMMAND = Command(
    "import",
    "Read published weights: KIND is biggan-pytorch, huggingface or hub.",
    "jaxgan import biggan-pytorch G_ema.pth biggan.safetensors",
    run,
    "KIND SOURCE TARGET.safetensors",
)
