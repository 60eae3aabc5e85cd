"""What an NVIDIA card runs, compiled ahead of time for an H100 on a machine without one.

Every convolution is a call into cuDNN with no pixels spread apart and no activation transposed;
attention and max-pooling have the forms that are made for cards. (Numbers of a whole training step:
tests/planning/test_cards.py.) Skipped without the CUDA compiler: docs/gpu.md.
"""

import math

import jax
import jax.numpy as jnp
import pytest
from jax import export

from jaxgan.models import attention, convolution, pooling
from jaxgan.planning import chips, cost
from jaxgan.planning.hlo import Program
from tests.card_programs import calls, check_convolutions, opcodes

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cards():
    pytest.importorskip("jax_cuda13_plugin")
    return chips.slice_devices("h100:2")


def compiled(function, device, *arrays, dtype=jnp.bfloat16):
    there = jax.sharding.SingleDeviceSharding(device)
    arrays = [jax.ShapeDtypeStruct(shape, dtype, sharding=there) for shape in arrays]
    return Program(jax.jit(function).lower(*arrays).compile().as_text())


@pytest.mark.parametrize("many", [0, 2**20], ids=["sums of maps", "sums of kernels"])
@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float32])
@pytest.mark.parametrize("convolve", ["conv", "conv_up", "conv_down", "conv_strided"])
def test_convolutions_of_two_orders(cards, monkeypatch, convolve, dtype, many):
    """With a kernel that is divided by a scalar, as spectral norm does."""
    monkeypatch.setattr(convolution, "MANY", many)
    form = getattr(convolution, convolve)

    def loss(x, kernel, sigma):
        kernel = (kernel.astype(jnp.float32) / sigma.astype(jnp.float32)).astype(x.dtype)
        return jnp.square(form(jax.nn.relu(x), kernel).astype(jnp.float32)).sum()

    def penalty(*arrays):
        return jnp.square(jax.grad(loss)(*arrays).astype(jnp.float32)).sum()

    shapes = (32, 16, 16, 64), (3, 3, 64, 32), ()
    # 32 channels of the smallest map: kernels are smaller, and may be transposed.
    is_map = lambda sides: math.prod(sides) >= 32 * 8 * 8 * 32
    first = compiled(jax.grad(loss, (0, 1)), cards[0], *shapes, dtype=dtype)
    assert len(check_convolutions(first, is_map)) == 3  # y, then the gradients by x and by kernel
    second = compiled(jax.grad(penalty, (0, 1)), cards[0], *shapes, dtype=dtype)
    assert len(check_convolutions(second, is_map)) >= 5


def test_convolutions_of_two_orders_in_groups(cards):
    """Each is one call that knows of the groups, of an eighth of a dense kernel's operations."""
    groups, batch, side, channels = 8, 32, 16, 256

    def loss(x, kernel):
        y = convolution.conv(jax.nn.relu(x), kernel, groups).astype(jnp.float32)
        return jnp.square(y).sum()

    def penalty(*arrays):
        return jnp.square(jax.grad(loss)(*arrays).astype(jnp.float32)).sum()

    shapes = (batch, side, side, channels), (3, 3, channels // groups, channels)
    is_map = lambda sides: math.prod(sides) >= batch * side * side * channels
    second = compiled(jax.grad(penalty, (0, 1)), cards[0], *shapes)
    found = check_convolutions(second, is_map)
    assert [i.attribute("feature_group_count") for i in found] == 6 * ["8"]


SHAPES = (4, 256, 12), (4, 64, 12), (4, 64, 48)


def attended(*inputs):
    return jnp.sin(attention.attend(*inputs).astype(jnp.float32)).sum()


def test_attention_and_its_gradient_are_one_call_each(cards):
    program = compiled(jax.grad(attended, (0, 1, 2)), cards[0], *SHAPES)
    assert [i.target for i in calls(program)] == [
        "__cudnn$fmhaSoftmax",
        "__cudnn$fmhaSoftmaxBackward",
    ]
    assert cost.products(program) == 7 * 2 * 4 * 256 * 64 * 48
    assert "while" not in opcodes(program)


def test_attention_of_split_images_moves_nothing(cards):
    mesh = jax.make_mesh((2,), ("d",), (jax.sharding.AxisType.Auto,), devices=cards)
    rows = jax.NamedSharding(mesh, jax.P("d"))
    arrays = [jax.ShapeDtypeStruct(s, jnp.bfloat16, sharding=rows) for s in SHAPES]
    gradient = jax.jit(jax.grad(attended, (0, 1, 2)), out_shardings=rows)
    program = Program(gradient.lower(*arrays).compile().as_text())
    assert len(calls(program)) == 2 and program.collectives() == {}


def test_attention_in_float32_of_second_order_and_exported_is_in_blocks(cards):
    def second(*inputs):
        return sum(jnp.square(x.astype(jnp.float32)).sum() for x in jax.grad(attended)(*inputs))

    assert not calls(compiled(jax.grad(attended), cards[0], *SHAPES, dtype=jnp.float32))
    program = compiled(jax.grad(second), cards[0], *SHAPES)
    assert {i.target for i in calls(program)} <= {
        "__cudnn$fmhaSoftmax",
        "__cudnn$fmhaSoftmaxBackward",
    }
    arrays = [jax.ShapeDtypeStruct(shape, jnp.bfloat16) for shape in SHAPES]
    exported = export.export(jax.jit(attention.attend), platforms=("cuda",))(*arrays)
    assert "fmha" not in exported.mlir_module()


def test_the_gradient_of_max_pooling_is_no_scatter(cards):
    loss = lambda x: jnp.sin(pooling.max_pool(x)).sum()
    program = compiled(jax.grad(loss), cards[0], (4, 16, 16, 8), dtype=jnp.float32)
    assert not {"scatter", "select-and-scatter"} & opcodes(program)
