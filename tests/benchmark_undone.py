"""What each choice in the training step saves on a TPU: compiled with one of them undone at a time.

    pip install 'jaxgan[tpu]'
    python -m tests.benchmark_undone [--only=REGEX] [--config=NAME] [--images=32] [--code]

One discriminator and one generator step at full width in bfloat16 for v5e:2x2, so many images a
chip: what a chip does there is what it does on any slice. Nothing runs; one to three minutes of one
core a row, ten and more with --code, which brings the time that the compiler expects (cost.cycles)
and XLA's own count of bytes: operands and results of every instruction, wherever they lie. The step
as it is comes first. The others compute the same up to rounding (their tests are named in
docs/tpu.md), but for the last, which says what the regulariser costs; the one before it
undoes four choices together.
"""

import argparse
import contextlib
import multiprocessing
import re
from unittest import mock

import jax.numpy as jnp

from jaxgan.devices import compiler
from jaxgan.game import regularizers
from jaxgan.game.regularizers import orthogonal_gradient
from jaxgan.models import attention, convolution, layers
from jaxgan.planning import compile_report
from jaxgan.planning.compile_report import Report, compile_run, memory
from jaxgan.planning.early_program import leave
from tests.test_configs import module


def two_passes(x, groups=1):
    """batch_moments as mean, then the mean square of what is left."""
    x = x.astype(jnp.float32).reshape(groups, x.shape[0] // groups, -1, x.shape[-1])
    mean = x.mean((1, 2))
    return mean, jnp.square(x - mean[:, None, None]).mean((1, 2))


def upsampled_first(x, kernel):
    return convolution.conv(convolution.upsample(x), kernel)


def averaged_after(x, kernel):
    return convolution.average_pool(convolution.conv(x, kernel))


def any_layout(kernel, layout):
    return kernel


def as_a_difference(matrix, replicate):
    """orthogonal_gradient by the whole Gram matrix, then without the part of its diagonal."""
    if matrix.shape[0] < matrix.shape[1]:
        return orthogonal_gradient(matrix)
    return 4.0 * (matrix @ (matrix.T @ matrix) - matrix * jnp.square(matrix).sum(0))


PAIRS = ((attention, "PAIRS", 2**62),)
MAPS = ((convolution, "conv_up", upsampled_first), (convolution, "conv_down", averaged_after))
MOMENTS = ((layers, "batch_moments", two_passes),)
LAYOUT = ((convolution, "with_layout_constraint", any_layout),)
ONE_USE = ((compiler, "WORTH_HAVING", {}),)
DIFFERENCE = ((regularizers, "orthogonal_gradient", as_a_difference),)
FIRST_MOMENT = {"generator.b1": 1e-9, "discriminator.b1": 1e-9}
# Row: fields of the config, and (module, name, what takes its place).
UNDONE = {
    "as it is": ({}, ()),
    "attention with all its pairs": ({}, PAIRS),
    "up- and downsampled maps made": ({}, MAPS),
    "resampling by sums of kernels alone": ({}, ((convolution, "MANY", 2**62),)),
    "resampling by sums of maps alone": ({}, ((convolution, "MANY", 0),)),
    "batch norm's moments in two passes": ({}, MOMENTS),
    "float32 activations": ({"model.dtype": "float32"}, ()),
    "upsampling kernels in any layout": ({}, LAYOUT),
    "orthogonal gradient as a difference": ({}, DIFFERENCE),
    "arrays brought to the chip for one use": ({}, ONE_USE),
    "Adam's first moment kept": (FIRST_MOMENT, ()),
    "pairs, maps, two passes and first moment": (FIRST_MOMENT, PAIRS + MAPS + MOMENTS),
    "no orthogonal regularisation": ({"generator.orthogonal": 0.0}, ()),
}


def compile_undone(
    config_name: str, images: int, changed: dict, patches: tuple, code: bool = False
) -> Report:
    """Compile one discriminator and one generator step for the four chips of v5e:2x2."""
    config = module(config_name).get_config()
    config.update_from_flattened_dict(
        {"train.batch": 4 * images, "train.num_d_steps": 1, "train.microbatches": 1, **changed}
    )
    counted = {}

    def count(compiled):
        counted["xla_bytes"] = compiled.cost_analysis()["bytes accessed"]
        return memory(compiled)

    with contextlib.ExitStack() as stack:
        for owner, attribute, value in (*patches, (compile_report, "memory", count)):
            stack.enter_context(mock.patch.object(owner, attribute, value))
        return compile_run(config, "v5e:2x2", code=code) | counted


def print_row(name: str, config_name: str, images: int, code: bool) -> None:
    """Print a row and end the process, a row's own: machine code is not waited for unasked."""
    print(row(name, compile_undone(config_name, images, *UNDONE[name], code)))
    leave(0)


def row(name: str, report: Report) -> str:
    size, reduced = report["bytes"], report.get("collectives", {}).get("all-reduce")
    cells = [name]
    if reduced is None:
        cells += ["-", "-", f"does not fit: {size['peak'] / 1e9:.1f}", "-", "-", "-", "-"]
    else:
        seconds = report["seconds"]
        cells += [f"{report['flops'] / 1e12:.2f}", f"{report['traffic'] / 1e9:.1f}"]
        cells += [f"{size['temporaries'] / 1e9:.2f}"]
        cells += [f"{reduced['bytes'] / 1e6:.0f} ({reduced['count']})"]
        cells += [f"{1e3 * seconds['compute']:.0f} / {1e3 * seconds['memory']:.0f}"]
        expected = report.get("expected_seconds")
        cells += ["-" if expected is None else f"{1e3 * expected:.0f}"]
        cells += [f"{report['xla_bytes'] / 1e9:.1f}" if "xla_bytes" in report else "-"]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="regular expression of rows")
    parser.add_argument("--config", default="biggan_imagenet128")
    parser.add_argument("--images", type=int, default=32, help="a chip (32)")
    parser.add_argument("--code", action="store_true", help="and the time the compiler expects")
    options = parser.parse_args()
    heads = (
        "step,TFLOP,traffic GB,temporaries GB,all-reduced MB (count),bounds ms,expected ms,XLA GB"
    )
    print(f"| {heads.replace(',', ' | ')} |\n|{'---|' * 8}", flush=True)
    for name in filter(re.compile(options.only).search, UNDONE):
        one = multiprocessing.get_context("spawn").Process(
            target=print_row, args=(name, options.config, options.images, options.code)
        )
        one.start()
        one.join()
        if one.exitcode:  # what happened stands above
            raise SystemExit(one.exitcode)


if __name__ == "__main__":
    main()
