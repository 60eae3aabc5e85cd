"""What a TPU's compiler expects of a layer's forms: how MANY and PAIRS of a model were chosen.

    pip install 'jaxgan[tpu]'
    python -m tests.benchmark_layers

Layers of BigGAN-128 (width 96, bfloat16; 32 images in the generator, 64 in the discriminator),
forward and backward, compiled for one chip of a v5e with the step's options; nothing runs, seconds
a row. Milliseconds are the compiler's cycles (cost.cycles), by which it chooses its own forms.
MANY: convolution.py; PAIRS: attention.py.
"""

from collections.abc import Callable
from unittest import mock

import jax
import jax.numpy as jnp

from jaxgan.devices import compiler
from jaxgan.models import attention, convolution
from jaxgan.planning import chips, cost
from jaxgan.planning.hlo import Program

# (images, size, channels in, channels out)
DOWN = ((64, 128, 96, 96), (64, 64, 192, 192), (64, 32, 384, 384), (64, 16, 768, 768))
DOWN += ((64, 8, 1536, 1536),)
UP = ((32, 64, 192, 96), (32, 32, 384, 192), (32, 16, 768, 384), (32, 8, 1536, 768))
UP += ((32, 4, 1536, 1536),)
ATTENTION = {"generator": (32, 24, 96), "discriminator": (64, 12, 48)}  # images, c, d
QUERIES, KEYS = 64 * 64, 32 * 32


def expected(function: Callable, device: jax.Device, *shapes: tuple) -> tuple[float, float]:
    """Return ms and GB of a function of bfloat16 arrays, and of its derivative in all of them."""

    def both(scale, *arrays):
        found, back = jax.vjp(function, *arrays)
        return found, back(found * scale)  # a gradient that is there only after the result

    there = jax.sharding.SingleDeviceSharding(device)
    arrays = [jax.ShapeDtypeStruct(s, jnp.bfloat16, sharding=there) for s in ((), *shapes)]
    with chips.quiet():
        jitted = jax.jit(both, compiler_options=compiler.compiler_options(device))
        program = Program(jitted.lower(*arrays).compile().as_text())
    return 1e3 * cost.cycles(program) / chips.CHIPS["v5e"].clock, cost.traffic(program) / 1e9


def print_row(name: str, owner: object, field: str, values: tuple, function, device, *shapes):
    cells = [name]
    for value in values:
        with mock.patch.object(owner, field, value):
            cells.append("{:.2f} ({:.2f})".format(*expected(function(), device, *shapes)))
    print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    jax.config.update("jax_platforms", "cpu")
    device = chips.slice_devices("v5e:2x2")[0]
    print("| ms (GB) | sums of kernels | sums of maps |\n|---|---|---|")
    for kind, layers in (("conv_down", DOWN), ("conv_up", UP)):
        for images, size, inputs, outputs in layers:
            shapes = (images, size, size, inputs), (3, 3, inputs, outputs)
            name = f"{kind}, {images} x {size} x {size} x {inputs} to {outputs}"
            # A new function each time: what jax traced for another value is not taken again.
            form = lambda kind=kind: lambda *a: getattr(convolution, kind)(*a)
            print_row(name, convolution, "MANY", (2**62, 0), form, device, *shapes)
    powers = (14, 15, 16, 17, 18, 22)
    print(f"\n| ms (GB) | {' | '.join(f'2^{p} pairs' for p in powers)} |\n|{'---|' * 7}")
    for player, (images, c, d) in ATTENTION.items():
        shapes = (images, QUERIES, c), (images, KEYS, c), (images, KEYS, d)
        form = lambda: lambda *a: attention.attend(*a)
        pairs = tuple(2**p for p in powers)
        print_row(f"attend, {player}", attention, "PAIRS", pairs, form, device, *shapes)


if __name__ == "__main__":
    main()
