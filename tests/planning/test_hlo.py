"""Reading compiled programs: types, loops, collectives."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import PartitionSpec as P

from jaxgan.planning.hlo import Program, arrays


def program(function, *arguments):
    return Program(jax.jit(function).lower(*arguments).compile().as_text())


def test_shapes_of_types():
    text = "(f32[3,4]{1,0}, /*index=1*/bf16[2]{0:T(128)S(1)}, pred[], s8[5,1])"
    assert arrays(text) == [(32, [3, 4], 0), (16, [2], 1), (8, [], 0), (8, [5, 1], 0)]


def test_collectives_in_loops_are_counted_with_their_bytes():
    mesh = jax.make_mesh((8,), ("d",), axis_types=(jax.sharding.AxisType.Auto,))
    split = jax.NamedSharding(mesh, P("d"))
    x = jax.ShapeDtypeStruct((16, 32), jnp.float32, sharding=split)

    def loop(x):
        def body(c, _):
            return jnp.tanh(x + c[None]).sum(0), None

        return jax.lax.scan(body, jnp.zeros(32), None, length=3)[0]

    found = program(loop, x).collectives()
    assert found == {"all-reduce": {"count": 3, "bytes": 3 * 32 * 4}}
    whole = program(lambda x: jax.lax.with_sharding_constraint(x, jax.NamedSharding(mesh, P())), x)
    assert whole.collectives() == {"all-gather": {"count": 1, "bytes": 16 * 32 * 4}}


TPU = """
%add.1 (a: f32[], b: f32[]) -> f32[] {
  %a = f32[] parameter(0)
  %b = f32[] parameter(1)
  ROOT %sum = f32[] add(%a, %b)
}

%all-reduce-scatter.3 (input_0: f32[144,32]) -> f32[144,8] {
  %input_0 = f32[144,32]{0,1:T(8,128)S(1)} parameter(0)
  %all-reduce.1 = f32[144,32]{0,1:T(8,128)} all-reduce(%input_0), to_apply=%add.1
  %zero = u32[] constant(0)
  ROOT %slice = f32[144,8]{0,1:T(8,128)} dynamic-slice(%all-reduce.1, %zero, %zero)
}

%body (p: (s32[], f32[144,32])) -> (s32[], f32[144,32]) {
  %p = (s32[]{:T(128)}, f32[144,32]{0,1}) parameter(0)
  %x = f32[144,32]{0,1} get-tuple-element(%p), index=1
  %i = s32[] get-tuple-element(%p), index=0
  %all-gather-start = (f32[144,8]{0,1}, f32[144,32]{0,1}) all-gather-start(%x), dimensions={1}
  %scattered = f32[144,8]{0,1} fusion(%x), kind=kCustom, calls=%all-reduce-scatter.3
  ROOT %t = (s32[], f32[144,32]{0,1}) tuple(%i, %x)
}

%condition (p: (s32[], f32[144,32])) -> pred[] {
  %limit = s32[]{:T(128)} constant(4)
  %p = (s32[]{:T(128)}, f32[144,32]{0,1}) parameter(0)
  %i = s32[] get-tuple-element(%p), index=0
  ROOT %lt = pred[] compare(%i, %limit), direction=LT
}

ENTRY %main (x: (s32[], f32[144,32])) -> (s32[], f32[144,32]) {
  %x = (s32[], f32[144,32]{0,1}) parameter(0)
  ROOT %loop = (s32[], f32[144,32]{0,1}) while(%x), condition=%condition, body=%body
}
"""


def test_what_tpu_programs_write_otherwise():
    """A trip count only in the condition, tiled layouts, a reduce-scatter as a fusion."""
    found = Program(TPU).collectives()
    assert found == {
        "all-gather": {"count": 4, "bytes": 4 * 144 * 32 * 4},
        "reduce-scatter": {"count": 4, "bytes": 4 * 144 * 8 * 4},
    }
    assert np.isclose(Program(TPU).executions["body"], 4)


# A gather of 8 columns a device to 32, started, moved on beside each of four passes of a loop that
# negates 100 floats, and waited for.
IN_PIECES = """
%start (p: f32[144,8]) -> (f32[144,8], f32[144,32]) {
  %p = f32[144,8] parameter(0)
  %g = f32[144,32] all-gather(%p), channel_id=9, dimensions={1}, frontend_attributes={chain_id="0"}
  ROOT %s = (f32[144,8], f32[144,32]) custom-call(%g), custom_call_target="AsyncCollectiveStart"
}

%beside (p: f32[144,8], w: f32[144,32], x: f32[100]) -> (f32[100], f32[144,8], f32[144,32]) {
  %p = f32[144,8] parameter(0)
  %w = f32[144,32] parameter(1)
  %x = f32[100] parameter(2)
  %y = f32[100] negate(%x)
  %g = f32[144,32] all-gather(%p), channel_id=9, dimensions={1}, frontend_attributes={chain_id="0"}
  ROOT %t = (f32[100], f32[144,8], f32[144,32], f32[144,32]) tuple(%y, %p, %w, %g)
}

%done (p: f32[144,8], w: f32[144,32]) -> f32[144,32] {
  %p = f32[144,8] parameter(0)
  %w = f32[144,32] parameter(1)
  %g = f32[144,32] all-gather(%p), channel_id=9, dimensions={1}, frontend_attributes={chain_id="0"}
  ROOT %d = f32[144,32] custom-call(%p, %w, %g), custom_call_target="AsyncCollectiveDone"
}

%body (c: (f32[100], f32[144,8], f32[144,32])) -> (f32[100], f32[144,8], f32[144,32]) {
  %c = (f32[100], f32[144,8], f32[144,32]) parameter(0)
  %x = f32[100] get-tuple-element(%c), index=0
  %p = f32[144,8] get-tuple-element(%c), index=1
  %w = f32[144,32] get-tuple-element(%c), index=2
  %f = (f32[100], f32[144,8], f32[144,32], f32[144,32]) fusion(%p, %w, %x), calls=%beside
  %y = f32[100] get-tuple-element(%f), index=0
  ROOT %t = (f32[100], f32[144,8], f32[144,32]) tuple(%y, %p, %w)
}

%condition (c: (f32[100], f32[144,8], f32[144,32])) -> pred[] {
  %c = (f32[100], f32[144,8], f32[144,32]) parameter(0)
  %limit = s32[] constant(4)
  ROOT %lt = pred[] compare(%limit, %limit), direction=LT
}

ENTRY %main (x: f32[100], p: f32[144,8]) -> f32[144,32] {
  %x = f32[100] parameter(0)
  %p = f32[144,8] parameter(1)
  %s = (f32[144,8], f32[144,32]) fusion(%p), calls=%start
  %w = f32[144,32] get-tuple-element(%s), index=1
  %c = (f32[100], f32[144,8], f32[144,32]) tuple(%x, %p, %w)
  %l = (f32[100], f32[144,8], f32[144,32]) while(%c), condition=%condition, body=%body
  %v = f32[144,32] get-tuple-element(%l), index=2
  ROOT %d = f32[144,32] fusion(%p, %v), calls=%done
}
"""


def test_a_gather_moved_in_pieces_is_one_gather():
    assert Program(IN_PIECES).collectives() == {"all-gather": {"count": 1, "bytes": 144 * 32 * 4}}
