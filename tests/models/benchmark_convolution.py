"""Measure the forms of the convolutions: seconds on this CPU, bytes in programs for a TPU.

    python tests/models/benchmark_convolution.py cpu [rounds]     (torch joins if it is installed)
    python tests/models/benchmark_convolution.py tpu              (needs libtpu, no TPU)

TABLES
"""

import os
import re
import statistics
import sys
import time
from functools import partial
from importlib.util import find_spec

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.compiler import compiler_options
from jaxgan.models import convolution
from jaxgan.models.convolution import conv, conv_down, conv_up


def lax_conv(x, kernel, stride=1, padding="SAME", **dilation):
    return jax.lax.conv_general_dilated(
        x,
        kernel,
        (stride, stride),
        padding,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        **dilation,
    )


def plain_upsample(x):
    b, h, w, c = x.shape
    return jnp.broadcast_to(x[:, :, None, :, None], (b, h, 2, w, 2, c)).reshape(b, 2 * h, 2 * w, c)


def plain_pool(x):
    b, h, w, c = x.shape
    return x.reshape(b, h // 2, 2, w // 2, 2, c).mean((2, 4))


def dilated_up(x, kernel):
    wide = convolution._box_sums(kernel, 1.0)
    return lax_conv(x, wide, padding=[(2, 2), (2, 2)], lhs_dilation=(2, 2))


def interleaved_up(x, kernel):
    wide = convolution._box_sums(kernel, 1.0)[::-1, ::-1].swapaxes(2, 3)
    return convolution._kernel_and_y_to_x_interleaved(x, wide, stride=2)


def stacked_up(x, kernel):
    """One 2 x 2 convolution, then four slices, stacked: the form that a prototype had."""
    (b, h, w, _), o = x.shape, kernel.shape[3]
    wide = convolution._box_sums(kernel, 1.0).reshape(2, 2, 2, 2, -1, o)[:, ::-1, :, ::-1]
    wide = wide.transpose(0, 2, 4, 1, 3, 5).reshape(2, 2, -1, 4 * o)
    y = lax_conv(x, wide, padding=[(1, 1), (1, 1)]).reshape(b, h + 1, w + 1, 2, 2, o)
    rows = [
        jnp.stack([y[:, i : i + h, j : j + w, 1 - i, 1 - j] for j in (0, 1)], 3) for i in (0, 1)
    ]
    return jnp.stack(rows, 2).reshape(b, 2 * h, 2 * w, o)


def strided_down(x, kernel):
    return lax_conv(x, convolution._box_sums(kernel, 0.25), 2, [(1, 1), (1, 1)])


def blocked_down(x, kernel):
    """Pixels of 2 x 2 blocks as channels, then a 2 x 2 convolution."""
    b, h, w, c = x.shape
    wide = convolution._box_sums(kernel, 0.25).reshape(2, 2, 2, 2, c, -1)
    wide = wide.transpose(0, 2, 1, 3, 4, 5).reshape(2, 2, 4 * c, -1)
    x = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))).reshape(b, h // 2 + 1, 2, w // 2 + 1, 2, c)
    x = x.transpose(0, 1, 3, 2, 4, 5).reshape(b, h // 2 + 1, w // 2 + 1, 4 * c)
    return lax_conv(x, wide, padding="VALID")


# Everything but "ours" with the derivatives that lax gives it.
FORMS = {
    "same": {"plain": lax_conv, "ours": conv},
    "up": {
        "plain": lambda x, k: lax_conv(plain_upsample(x), k),
        "dilated": dilated_up,
        "interleaved": interleaved_up,
        "stacked": stacked_up,
        "ours": conv_up,
    },
    "down": {
        "plain": lambda x, k: plain_pool(lax_conv(x, k)),
        "strided": strided_down,
        "blocked": blocked_down,
        "ours": conv_down,
    },
}
# Batch, height, input and output channels: 32 x 32 pyramids of width 16 and 64, 128 x 128 of 16.
CASES = [
    ("same", 50, 32, 64, 64),
    ("same", 50, 32, 64, 3),
    ("same", 50, 32, 256, 256),
    ("same", 8, 128, 16, 16),
    ("up", 50, 16, 64, 64),
    ("up", 50, 16, 256, 256),
    ("up", 8, 64, 32, 16),
    ("down", 50, 32, 64, 64),
    ("down", 50, 32, 256, 256),
    ("down", 8, 128, 16, 32),
]


def jax_calls(kind: str, x, kernel, g) -> dict:
    """Return {(what, form): a function that computes it and waits}."""

    def pulled(form, x, kernel, g):
        return jax.vjp(form, x, kernel)[1](g)

    def second(form, x, kernel, g):
        """What a gradient through a gradient step needs beyond the first order."""
        return jax.vjp(partial(pulled, form), x, kernel, g)[1]((x, kernel))

    calls = {}
    for name, form in FORMS[kind].items():
        programs = {
            "forward": lambda x, k, g, form=form: form(x, k),
            "dx": lambda x, k, g, form=form: pulled(form, x, k, g)[0],
            "dk": lambda x, k, g, form=form: pulled(form, x, k, g)[1],
            "second": partial(second, form),
        }
        for what, program in programs.items():
            compiled = jax.jit(program, compiler_options=compiler_options("cpu"))
            calls[what, name] = partial(
                lambda f, *a: jax.block_until_ready(f(*a)), compiled, x, kernel, g
            )
    return calls


def torch_calls(kind: str, x, kernel, g) -> dict:
    import torch
    from torch.nn import functional

    def tensor(a, order):
        a = torch.from_numpy(np.array(a).transpose(order).copy())
        return a.contiguous(memory_format=torch.channels_last)

    x, g, kernel = tensor(x, (0, 3, 1, 2)), tensor(g, (0, 3, 1, 2)), tensor(kernel, (3, 2, 0, 1))

    def form(x, kernel):
        if kind == "up":
            x = functional.interpolate(x, scale_factor=2)
        y = functional.conv2d(x, kernel, padding=1)
        return functional.avg_pool2d(y, 2) if kind == "down" else y

    def pulled(what):
        a, k = x.detach(), kernel.detach()
        leaf = (a if what == "dx" else k).requires_grad_()
        torch.autograd.grad(form(a, k), leaf, g)

    # Eager torch has no backward pass without its forward pass: the rows say so.
    return {
        ("forward", "torch"): lambda: form(x.detach(), kernel.detach()),
        ("dx", "torch (and forward)"): partial(pulled, "dx"),
        ("dk", "torch (and forward)"): partial(pulled, "dk"),
    }


def measure_cpu(rounds: int) -> None:
    """Print medians over interleaved rounds: wall and processor milliseconds."""
    rng = np.random.default_rng(0)
    for kind, batch, height, inputs, outputs in CASES:
        scale = {"same": 1, "up": 2, "down": 0.5}[kind]
        size = int(height * scale)
        x, kernel, g = (
            jnp.asarray(rng.normal(size=shape).astype(np.float32))
            for shape in (
                (batch, height, height, inputs),
                (3, 3, inputs, outputs),
                (batch, size, size, outputs),
            )
        )
        calls = jax_calls(kind, x, kernel, g)
        if find_spec("torch"):
            calls |= torch_calls(kind, x, kernel, g)
        slow = {key for key, call in calls.items() if seconds(call)[0] > 20}
        times = {key: [] for key in calls}
        for _ in range(rounds):
            for key, call in calls.items():
                if key not in slow or not times[key]:
                    times[key].append(seconds(call))
        print(f"{kind} {batch} x {height} x {height} x {inputs} -> {outputs}")
        for what in ("forward", "dx", "dk", "second"):
            row = []
            for (w, name), values in times.items():
                if w == what:
                    wall, cpu = (1e3 * statistics.median(v) for v in zip(*values, strict=True))
                    row.append(f"{name} {wall:.1f}/{cpu:.1f}")
            print(f"    {what:8}", "  ".join(row), flush=True)


def seconds(call) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - wall, time.process_time() - cpu


def generator_block(up, same, skip, p, x):
    def norm(x, gain, bias):
        wide = x.astype(jnp.float32)
        mean = wide.mean((0, 1, 2))
        variance = jnp.maximum((wide * wide).mean((0, 1, 2)) - mean * mean, 0.0)
        scale = gain * jax.lax.rsqrt(variance + 1e-4)
        return jax.nn.relu(wide * scale + (bias - mean * scale)).astype(x.dtype)

    h = up(norm(x, p["gain_0"], p["bias_0"]), p["kernel_0"].astype(x.dtype))
    h = same(norm(h, p["gain_1"], p["bias_1"]), p["kernel_1"].astype(x.dtype))
    return h + skip(x, p["skip"].astype(x.dtype))


def discriminator_block(down, same, skip, p, x):
    h = jax.nn.relu(same(jax.nn.relu(x), p["kernel_0"].astype(x.dtype)))
    return down(h, p["kernel_1"].astype(x.dtype)) + skip(x, p["skip"].astype(x.dtype))


def measure_tpu() -> None:
    """Print what the compiler counts in one block, forward and backward, bfloat16, one chip."""
    os.environ["TPU_SKIP_MDS_QUERY"] = "1"
    from jax.experimental import topologies

    topology = topologies.get_topology_desc("v5e:2x2", "tpu")
    sharding = jax.sharding.SingleDeviceSharding(topology.devices[0])

    def count(title, block, params, x, y):
        def step(p, x, g):
            out, pull = jax.vjp(block, p, x)
            return out, pull(g)

        def abstract(shape, dtype):
            return jax.ShapeDtypeStruct(shape, dtype, sharding=sharding)

        operands = (
            {name: abstract(shape, jnp.float32) for name, shape in params.items()},
            abstract(x, jnp.bfloat16),
            abstract(y, jnp.bfloat16),
        )
        compiled = jax.jit(step).trace(*operands).lower(lowering_platforms=("tpu",)).compile()
        costs = compiled.cost_analysis()
        cycles = re.findall(r'"estimated_cycles":"(\d+)"', compiled.as_text())
        print(
            f"{title:36} {costs['bytes accessed'] / 1e9:6.2f} GB"
            f" {costs['flops'] / 1e9:7.1f} GFLOP {sum(map(int, cycles)) / 1e6:6.1f} Mcycles",
            flush=True,
        )

    def first(resample):
        return lambda x, kernel: resample(conv(x, kernel))

    def last(resample):
        return lambda x, kernel: conv(resample(x), kernel)

    wide, narrow = 192, 96
    params = {
        "gain_0": (wide,),
        "bias_0": (wide,),
        "gain_1": (narrow,),
        "bias_1": (narrow,),
        "kernel_0": (3, 3, wide, narrow),
        "kernel_1": (3, 3, narrow, narrow),
        "skip": (1, 1, wide, narrow),
    }
    shapes = (params, (32, 64, 64, wide), (32, 128, 128, narrow))
    for name, form in FORMS["up"].items():
        skip = last(plain_upsample) if name == "plain" else first(plain_upsample)
        same = lax_conv
        if name == "ours":
            same, skip = conv, conv_up
        count(f"generator block, {name}", partial(generator_block, form, same, skip), *shapes)
    params = {
        "kernel_0": (3, 3, narrow, wide),
        "kernel_1": (3, 3, wide, wide),
        "skip": (1, 1, narrow, wide),
    }
    shapes = (params, (32, 64, 64, narrow), (32, 32, 32, wide))
    for name, form in FORMS["down"].items():
        skip = first(plain_pool) if name == "plain" else last(plain_pool)
        same = lax_conv
        if name == "ours":
            same, skip = conv, conv_down
        count(
            f"discriminator block, {name}", partial(discriminator_block, form, same, skip), *shapes
        )


if __name__ == "__main__":
    jax.config.update("jax_platforms", "cpu")
    if sys.argv[1:2] == ["tpu"]:
        measure_tpu()
    else:
        measure_cpu(int(sys.argv[2]) if sys.argv[2:] else 5)
