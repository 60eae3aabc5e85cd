"""Results of a card against plain forms in float64 on the CPU; and whether a training repeats."""

import hashlib

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxgan.config import default_config
from jaxgan.models import attention, convolution, pooling
from jaxgan.planning import compile_report
from jaxgan.training.run import abstract_state
from jaxgan.training.step import abstract_batch, training_step
from tests.peers.gpu_side import planned, state_and_batch

TINY_CLASSES, STEPS = 10, 10  # of small networks; of a digest


def plain_attend(q, k, v):
    return jnp.einsum("bqk,bkd->bqd", jax.nn.softmax(jnp.einsum("bqc,bkc->bqk", q, k)), v)


def plain_conv(x, kernel):
    numbers = ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=numbers)


def repeated(x):
    return jnp.repeat(jnp.repeat(x, 2, 1), 2, 2)


def windows(x):
    b, h, w, c = x.shape
    return x.reshape(b, h // 2, 2, w // 2, 2, c)


PLAIN = {
    "conv": plain_conv,
    "conv_up": lambda x, k: plain_conv(repeated(x), k),
    "conv_down": lambda x, k: windows(plain_conv(x, k)).mean((2, 4)),
    "conv_strided": lambda x, k: plain_conv(x, k)[:, ::2, ::2],
}
# Relative error of a whole array that is let pass: float32 with TF32 off; bfloat16, of which the
# second derivatives are rounded some ten times, to 2^-9 each.
MOST = {"float32": 1e-5, "bfloat16": 3e-2}


def with_derivatives(function, orders: int):
    """Return the function with its gradients up to an order, of half the sums of squares."""

    def half_square(arrays):
        wide = (x.astype(jnp.promote_types(x.dtype, jnp.float32)) for x in arrays)
        return sum(0.5 * jnp.square(x).sum() for x in wide)

    def found(*arrays):
        every = tuple(range(len(arrays)))
        first = jax.grad(lambda *a: half_square([function(*a)]), every)
        parts = [function(*arrays), *first(*arrays)]
        second = jax.grad(lambda *a: half_square(first(*a)), every)
        return parts + list(second(*arrays)) if orders == 2 else parts

    return found


def cases(most: int):
    """Yield (name, our form, plain form, operands in float64, orders, `most` or fewer)."""
    rng = np.random.default_rng(0)
    for kind, plain in PLAIN.items():
        for many, form in ((0, "map"), (2**62, "kernel")):

            def ours(x, kernel, kind=kind, many=many):
                before, convolution.MANY = convolution.MANY, many
                try:
                    return getattr(convolution, kind)(x, kernel / 2)  # as a product: cuDNN
                finally:
                    convolution.MANY = before

            halved = lambda x, kernel, plain=plain: plain(x, kernel / 2)
            operands = rng.normal(size=(4, 8, 8, 16)), 0.2 * rng.normal(size=(3, 3, 16, 32))
            if form == "map" or kind in ("conv_up", "conv_down"):
                yield f"{kind}, sums of the {form}", ours, halved, operands, most
    shapes = (2, 256, 16), (2, 64, 16), (2, 64, 64)
    operands = tuple(0.5 * rng.normal(size=shape) for shape in shapes)
    yield "attention", attention.attend, plain_attend, operands, most
    operands = (rng.normal(size=(2, 8, 8, 8)),)
    yield "max_pool", pooling.max_pool, lambda x: windows(x).max((2, 4)), operands, 1


def error(found, expected) -> float:
    """Return |found - expected| / |expected|, of all arrays the worst."""
    pairs = zip(found, expected, strict=True)
    double = ((np.asarray(f, np.float64), np.asarray(e, np.float64)) for f, e in pairs)
    return max(float(np.linalg.norm(f - e) / np.linalg.norm(e)) for f, e in double)


def check(tiny: bool) -> list[dict]:
    """Compare forms with plain ones, and a step with the CPU's."""
    cpu, device = jax.devices("cpu")[0], jax.devices()[0]
    found = []

    def judged(name: str, value: float, most: float) -> None:
        found.append({"check": name, "error": value, "most": most, "passed": value <= most})

    for name, ours, plain, operands, orders in cases(1 if tiny else 2):
        for dtype, most in MOST.items():
            rounded = [np.asarray(x).astype(jnp.dtype(dtype)) for x in operands]
            with jax.enable_x64(True), jax.default_device(cpu):
                exact = [np.asarray(x, np.float64) for x in rounded]
                expected = jax.device_get(jax.jit(with_derivatives(plain, orders))(*exact))
            with jax.default_matmul_precision("highest"):
                got = jax.jit(with_derivatives(ours, orders))(*jax.device_put(rounded, device))
            judged(f"{name}, {dtype}", error(jax.device_get(got), expected), most)
    losses = []
    for where in (cpu, device):
        run = compile_report.planned_run(small_config(tiny), [where], 3, TINY_CLASSES)
        if where is cpu:
            first = jax.device_get(state_and_batch(run))
        to = jax.tree.map(lambda x: x.sharding, (abstract_state(run), abstract_batch(run)))
        with jax.default_matmul_precision("highest"):
            _, metrics = training_step(run)(*jax.device_put(first, to))
        losses.append({k: float(m) for k, m in metrics.items() if k.endswith(("loss", "norm"))})
    worst = max(abs(a - losses[0][k]) / (1e-3 + abs(losses[0][k])) for k, a in losses[1].items())
    judged("a step in float32 against the CPU's", worst, 1e-3)
    return found


def small_config(tiny: bool, **fields):
    """Return BigGAN with attention in both networks, at 32 pixels, or 16."""
    config, size = default_config(), 16 if tiny else 32
    config.data.update(name="none", size=(size, size))
    config.model.update(width=4 if tiny else 32, latent_dim=12 if tiny else 16)
    config.model.update(embedding_dim=16)
    config.model.update(generator_attention=size // 2, discriminator_attention=size // 2)
    config.train.update(batch=16, num_d_steps=1)
    config.update_from_flattened_dict(fields)
    return config


def digest(tiny: bool, deterministic: bool) -> str:
    """Return the SHA-256 of the state after ten steps, compiled anew."""
    jax.config.update("jax_enable_compilation_cache", False)
    on_card = jax.devices()[0].platform == "gpu"  # other compilers know no such option
    fields = {"model.dtype": "bfloat16", "train.deterministic": deterministic and on_card}
    run = planned(small_config(tiny, **fields), TINY_CLASSES)
    step, (state, batch) = training_step(run), state_and_batch(run)
    for _ in range(STEPS):
        state, _ = step(state, batch)
    state = jax.device_get(state.replace(key=jax.random.key_data(state.key)))
    found = hashlib.sha256()
    for leaf in jax.tree.leaves(state):
        found.update(np.ascontiguousarray(leaf).tobytes())
    return found.hexdigest()
