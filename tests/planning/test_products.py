"""Calls into NVIDIA's libraries count what they compute."""

import pytest

from jaxgan.planning import cost
from jaxgan.planning.hlo import Program


def program(operands, call):
    parameters = "\n".join(
        f"  %p{i} = {shape} parameter({i})" for i, shape in enumerate(operands.split())
    )
    names = ", ".join(f"%p{i}" for i in range(len(operands.split())))
    return Program(f"ENTRY %main () -> f32[] {{\n{parameters}\n  ROOT %r = {call % names}\n}}\n")


X, KERNEL, Y = "bf16[8,16,16,3]", "bf16[5,4,4,3]", "bf16[8,8,8,5]"
WINDOW = "window={size=4x4 stride=2x2 pad=1_1x1_1}, dim_labels=b01f_o01i->b01f"
# A row of 8 windows of 4, the first and the last of which meet padding once: 30 pairs.
PRODUCTS = 2 * 8 * 30 * 30 * 3 * 5


@pytest.mark.parametrize(
    ("target", "operands", "result"),
    [
        ("convForward", f"{X} {KERNEL}", Y),
        ("convBiasActivationForward", f"{X} {KERNEL} bf16[5]", Y),
        ("convBackwardInput", f"{Y} {KERNEL}", X),
        ("convBackwardFilter", f"{X} {Y}", KERNEL),
    ],
)
def test_the_three_convolutions_of_a_layer_are_as_much(target, operands, result):
    call = f'({result}, u8[0]) custom-call(%s), {WINDOW}, custom_call_target="__cudnn${target}"'
    assert cost.products(program(operands, call)) == PRODUCTS


def test_attention_is_two_products_forward_and_five_backward():
    inputs, rest = "bf16[4,256,1,48] bf16[4,64,1,48] bf16[4,64,1,48]", ", api_version=1"
    pairs = 2 * 4 * 256 * 64 * 48
    for target, products in (("fmhaSoftmax", 2), ("fmhaSoftmaxBackward", 5)):
        call = f'(bf16[4,1,256,48], u8[0]) custom-call(%s), custom_call_target="__cudnn${target}"'
        assert cost.products(program(inputs, call + rest)) == products * pairs


@pytest.mark.parametrize("target", ["__cublas$gemm", "__cublas$lt$matmul"])
def test_a_product_by_cublas(target):
    config = (
        'backend_config={"gemm_backend_config":{"alpha_real":1,"dot_dimension_numbers":'
        '{"lhs_contracting_dimensions":["0"],"rhs_contracting_dimensions":["0"]}}}'
    )
    call = f'(f32[32,16], s8[0]) custom-call(%s), custom_call_target="{target}", {config}'
    assert cost.products(program("f32[64,32] f32[64,16]", call)) == 2 * 64 * 32 * 16


def test_other_calls_compute_no_products():
    call = 'f32[64,32] custom-call(%s), custom_call_target="Sharding"'
    assert cost.products(program("f32[64,32] f32[64,32]", call)) == 0


def test_launches_are_what_is_started():
    """Once a trip of a loop; not what is only handed on, nor the inside of a fusion."""
    text = """
%inside (a: f32[8]) -> f32[8] {
  %a = f32[8] parameter(0)
  %b = f32[8] negate(%a)
  ROOT %c = f32[8] tanh(%b)
}
%body (c: (s32[], f32[8])) -> (s32[], f32[8]) {
  %c = (s32[], f32[8]) parameter(0)
  %i = s32[] get-tuple-element(%c), index=0
  %x = f32[8] get-tuple-element(%c), index=1
  %y = f32[8] fusion(%x), kind=kLoop, calls=%inside
  ROOT %d = (s32[], f32[8]) tuple(%i, %y)
}
%condition (e: (s32[], f32[8])) -> pred[] {
  %e = (s32[], f32[8]) parameter(0)
  ROOT %f = pred[] constant(true)
}
ENTRY %main (g: (s32[], f32[8])) -> f32[8] {
  %g = (s32[], f32[8]) parameter(0)
  %w = (s32[], f32[8]) while(%g), condition=%condition, body=%body, TRIPS
  %h = f32[8] get-tuple-element(%w), index=1
  %s = f32[8] copy-start(%h)
  %t = f32[8] copy-done(%s)
  ROOT %r = f32[8] bitcast(%t)
}
"""
    trips = 'backend_config={"known_trip_count":{"n":"6"}}'
    assert cost.launches(Program(text.replace("TRIPS", trips))) == 6 + 1
