"""Milliseconds of 1-D and 3-D convolutions on a CPU: convolution_nd.py's forms and XLA's own.

    taskset -c 0 python -m tests.benchmark_convolution_nd

Forward and both gradients, float32, one core, in a loop over two inputs, as a training step's over
microbatches; the time of one. The two take turns, so that what else the machine does meets both;
medians of ROUNDS, and the ratio of medians (above 1: ours is faster).
"""

import time
from functools import partial
from statistics import median

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.models.convolution_nd import (
    conv_1d,
    conv_dilated_1d,
    conv_doubling_3d,
    conv_halving_3d,
    conv_transpose_1d,
)
from tests.models.test_convolution_nd import (
    plain_1d,
    plain_3d,
    plain_doubling_3d,
    plain_transpose_1d,
)

ROUNDS = 9


def plain_dilated_1d(x, kernel):
    form = ("NWC", "WIO", "NWC")
    return jax.lax.conv_general_dilated(
        x, kernel, (1,), "VALID", rhs_dilation=(9,), dimension_numbers=form
    )


ROWS = {
    "1-D k25 s4": (
        partial(conv_1d, stride=4),
        partial(plain_1d, stride=4),
        [((32, 4096, 1), (25, 1, 16)), ((32, 64, 64), (25, 64, 128))],
    ),
    "1-D k25 s4, transposed": (
        partial(conv_transpose_1d, stride=4),
        partial(plain_transpose_1d, stride=4),
        [((32, 1024, 16), (25, 16, 1)), ((32, 16, 128), (25, 128, 64))],
    ),
    "1-D k41 s4, 4 groups": (
        partial(conv_1d, stride=4, groups=4, before=20),
        partial(plain_1d, stride=4, groups=4, before=20),
        [((4, 2048, 16), (41, 4, 64))],
    ),
    "1-D k41 s4, 16 groups": (
        partial(conv_1d, stride=4, groups=16, before=20),
        partial(plain_1d, stride=4, groups=16, before=20),
        [((4, 512, 64), (41, 4, 256))],
    ),
    "1-D k3, taps 9 apart": (
        partial(conv_dilated_1d, dilation=9),
        plain_dilated_1d,
        [((4, 2048, 32), (3, 32, 32)), ((16, 256, 48), (3, 48, 48))],
    ),
    "3-D k4 s2": (
        conv_halving_3d,
        partial(plain_3d, stride=2, padding=1),
        [
            ((16, 16, 16, 16, 1), (4, 4, 4, 1, 16)),
            ((16, 8, 8, 8, 16), (4, 4, 4, 16, 32)),
            ((16, 4, 4, 4, 32), (4, 4, 4, 32, 64)),
        ],
    ),
    "3-D k4 s2, transposed": (
        conv_doubling_3d,
        plain_doubling_3d,
        [
            ((16, 8, 8, 8, 16), (4, 4, 4, 16, 1)),
            ((16, 4, 4, 4, 32), (4, 4, 4, 32, 16)),
            ((16, 2, 2, 2, 64), (4, 4, 4, 64, 32)),
        ],
    ),
}


def compiled(function, x, kernel):
    """Return a call that computes the function and both its gradients, compiled."""

    def both(kernel, x):
        y, back = jax.vjp(function, x, kernel)
        return kernel, (y, back(y))

    loop = jax.jit(lambda xs, kernel: jax.lax.scan(both, kernel, xs)[1])
    inputs = jnp.stack([x, 2 * x])
    jax.block_until_ready(loop(inputs, kernel))
    return lambda: jax.block_until_ready(loop(inputs, kernel))


def seconds(call) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    print("| operation | x, kernel | ours, ms | XLA's own, ms | ratio |\n|---|---|---|---|---|")
    for name, (ours, plain, shapes) in ROWS.items():
        for x_shape, kernel_shape in shapes:
            rng = np.random.default_rng(0)
            x, kernel = (jnp.asarray(rng.normal(size=s), jnp.float32)
                         for s in (x_shape, kernel_shape))  # fmt: skip
            calls = compiled(ours, x, kernel), compiled(plain, x, kernel)
            times = [[seconds(call) for call in calls] for _ in range(ROUNDS)]
            mine, theirs = (1e3 * median(column) / 2 for column in zip(*times, strict=True))
            place = " x ".join(map(str, x_shape)), " x ".join(map(str, kernel_shape))
            print(f"| {name} | {place[0]}, {place[1]} | {mine:.1f} | {theirs:.1f} | "
                  f"{theirs / mine:.1f} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    jax.config.update("jax_platforms", "cpu")
    main()
