"""Operations and traffic of compiled programs, against closed forms and XLA's own count."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.models import convolution
from jaxgan.planning import cost
from jaxgan.planning.hlo import Program
from tests.planning.test_hlo import IN_PIECES


def compiled(function, *arguments):
    return jax.jit(function).lower(*arguments).compile()


def array(*shape):
    return jax.ShapeDtypeStruct(shape, jnp.float32)


@pytest.mark.parametrize("trips", [1, 3, 7])
def test_a_loops_body_counts_as_often_as_it_runs(trips):
    def loop(x, w):
        def body(c, _):
            return jax.lax.fori_loop(0, 2, lambda i, a: jnp.tanh(a @ w), c), None

        return jax.lax.scan(body, jnp.sin(x @ w), None, length=trips)[0]

    program = Program(compiled(loop, array(64, 32), array(32, 32)).as_text())
    one = 2 * 64 * 32 * 32
    assert cost.products(program) == (1 + 2 * trips) * one


def test_the_compilers_cycles_are_summed_over_runs_and_not_inside_fusions():
    config = 'backend_config={"window_config":{"estimated_cycles":"%d","kernel":[]}}'
    text = f"""
%inside (a: f32[8]) -> f32[8] {{
  %a = f32[8] parameter(0)
  ROOT %b = f32[8] negate(%a), {config % 1000}
}}
%body (c: (s32[], f32[8])) -> (s32[], f32[8]) {{
  %c = (s32[], f32[8]) parameter(0)
  %i = s32[] get-tuple-element(%c), index=0
  %x = f32[8] get-tuple-element(%c), index=1
  %y = f32[8] fusion(%x), kind=kLoop, calls=%inside, {config % 10}
  ROOT %d = (s32[], f32[8]) tuple(%i, %y)
}}
%condition (e: (s32[], f32[8])) -> pred[] {{
  %e = (s32[], f32[8]) parameter(0)
  ROOT %f = pred[] constant(true)
}}
ENTRY %main (g: (s32[], f32[8])) -> (s32[], f32[8]) {{
  %g = (s32[], f32[8]) parameter(0)
  %h = f32[8] get-tuple-element(%g), index=1
  %k = f32[8] fusion(%h), kind=kLoop, calls=%inside, {config % 1}
  ROOT %w = (s32[], f32[8]) while(%g), condition=%condition, body=%body, LOOP
}}
"""
    loop = 'backend_config={"known_trip_count":{"n":"6"}}'
    assert cost.cycles(Program(text.replace("LOOP", loop))) == 61
    assert cost.cycles(Program(text.replace("LOOP", loop).replace("estimated_", "other_"))) == 0


CONVOLUTIONS = {
    "same": (lambda x, k: convolution.conv(x, k), 9),
    "down": (lambda x, k: convolution.conv_down(x, k), 4),
    "up": (lambda x, k: convolution.conv_up(x, k), 16),
    "kernel's gradient": (
        lambda x, k: jax.grad(lambda k: convolution.conv(x, k).sum(), 0)(k),
        9,
    ),
}


@pytest.mark.parametrize("kind", CONVOLUTIONS)
def test_convolutions_cost_what_xla_says(kind):
    """XLA leaves out products with padding too: at most 9, 4 or 16 a pixel of x."""
    function, most = CONVOLUTIONS[kind]
    done = compiled(function, array(8, 16, 16, 3), array(3, 3, 3, 5))
    once, bound = cost.products(Program(done.as_text())), 2 * 8 * 256 * 3 * 5 * most
    assert 0.7 * bound < once <= bound * (1.3 if kind == "up" else 1)  # a border on the CPU
    np.testing.assert_allclose(once, done.cost_analysis()["flops"], rtol=0.02)  # and its box sums


def test_holes_of_a_dilation_are_not_multiplied():
    """Two rows of 3 with two holes between: each kernel position meets its row alone."""
    window = "window={size=2 stride=2 pad=0_0 lhs_dilate=3}, dim_labels=b0f_0io->b0f"
    text = f"""
ENTRY %main (x: f32[1,3,4], k: f32[2,4,5]) -> f32[1,3,5] {{
  %x = f32[1,3,4] parameter(0)
  %k = f32[2,4,5] parameter(1)
  ROOT %y = f32[1,3,5] convolution(%x, %k), {window}
}}
"""
    # Places 0 3 6 hold a pixel; windows begin at 0, 2, 4 and reach one further: 0, 3 are met.
    assert cost.products(Program(text)) == 2 * 2 * 4 * 5


def test_traffic_of_a_product_is_its_operands_and_its_result():
    program = Program(compiled(lambda a, b: a @ b, array(64, 32), array(32, 16)).as_text())
    assert cost.traffic(program) == 4 * (64 * 32 + 32 * 16 + 64 * 16)


def test_a_loop_reads_its_slices_not_the_whole_of_them():
    """A scan over 50 rows reads and writes each row once, not 50 times the array."""
    scanned = lambda x: jax.lax.map(lambda row: jnp.sin(row), x)
    program = Program(compiled(scanned, array(50, 1000)).as_text())
    whole = 4 * 50 * 1000
    assert 2 * whole <= cost.traffic(program) < 4 * whole  # the result is zeros at first


ON_CHIP = """
%inside (a: f32[64,128], b: f32[8,128], i: s32[]) -> f32[64,128] {
  %a = f32[64,128]{1,0} parameter(0)
  %b = f32[8,128]{1,0} parameter(1)
  %i = s32[] parameter(2)
  %part = f32[8,128]{1,0} dynamic-slice(%a, %i, %i), dynamic_slice_sizes={8,128}
  %sum = f32[8,128]{1,0} add(%part, %b)
  ROOT %new = f32[64,128]{1,0} dynamic-update-slice(%a, %sum, %i, %i)
}

ENTRY %main (a: f32[64,128], b: f32[8,128], i: s32[]) -> f32[64,128] {
  %a = f32[64,128]{1,0:T(8,128)} parameter(0)
  %b = f32[8,128]{1,0:T(8,128)} parameter(1)
  %i = s32[] parameter(2)
  %fetch = (f32[8,128]{1,0:T(8,128)S(1)}, f32[8,128]{1,0:T(8,128)}, u32[]{:S(2)}) copy-start(%b)
  %near = f32[8,128]{1,0:T(8,128)S(1)} copy-done(%fetch)
  %twice = f32[8,128]{1,0:T(8,128)S(1)} add(%near, %near)
  ROOT %new = f32[64,128]{1,0:T(8,128)} fusion(%a, %twice, %i), kind=kLoop, calls=%inside
}
"""


def test_what_lies_on_the_chip_is_no_traffic():
    """b is fetched, 4 KiB; 8 rows of a are read and written; the rest stays on the chip."""
    row = 4 * 128
    assert cost.traffic(Program(ON_CHIP)) == 8 * row + 2 * 8 * row + 4


def test_what_the_compiler_moves_is_read_or_written_once():
    """100 floats, brought onto the chip in two slices, doubled there, copied back."""
    text = """
ENTRY %main (x: f32[100]) -> f32[100] {
  %x = f32[100] parameter(0)
  %s = ((f32[100]), f32[50]{0:S(1)}, s32[]{:S(2)}) slice-start(%x), slice={[0:50]}
  %t = ((f32[100]), f32[50]{0:S(1)}, s32[]{:S(2)}) slice-start(%x), slice={[50:100]}
  %a = f32[50]{0:S(1)} slice-done(%s)
  %b = f32[50]{0:S(1)} slice-done(%t)
  %c = f32[100]{0:S(1)} custom-call(%a, %b), custom_call_target="ConcatBitcast"
  %y = f32[100]{0:S(1)} add(%c, %c)
  %d = (f32[100], f32[100]{0:S(1)}, u32[]{:S(2)}) copy-start(%y)
  ROOT %z = f32[100] copy-done(%d)
}
"""
    assert cost.traffic(Program(text)) == 4 * (50 + 50 + 100)


def test_an_asynchronous_slice_moves_what_is_inside_it():
    """In both ways in which XLA writes it: 50 floats are fetched, not the 100 they are of."""
    inside = """
%async (p: f32[100]) -> f32[50] {
  %p = f32[100] parameter(0)
  ROOT %s = f32[50]{0:S(1)} slice(%p), slice={[0:50]}
}
"""
    text = """
ENTRY %main (x: f32[100]) -> f32[50] {
  %x = f32[100] parameter(0)
  %s = ((f32[100]), f32[50]{0:S(1)}, s32[]{:S(2)}) STARTS
  %a = f32[50]{0:S(1)} FINISHES
  ROOT %y = f32[50]{0:S(1)} negate(%a)
}
"""
    short = text.replace("STARTS", "slice-start(%x), slice={[0:50]}")
    long = text.replace("STARTS", "async-start(%x), calls=%async")
    short = short.replace("FINISHES", "slice-done(%s)")
    long = inside + long.replace("FINISHES", "async-done(%s)")
    assert cost.traffic(Program(short)) == cost.traffic(Program(long)) == 4 * 50


def test_a_gather_moved_in_pieces_is_read_and_written_once():
    """The shard is read, the whole written; beside it 100 floats go in and out four times."""
    assert cost.traffic(Program(IN_PIECES)) == 4 * (144 * 8 + 144 * 32 + 4 * 2 * 100)
