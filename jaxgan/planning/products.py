"""Operations of one instruction of a compiled program: 2 x its multiplications.

Matrix products and convolutions, as HLO or as a call into an NVIDIA library. Multiplications by
padding or by the holes of a dilation are not counted: no good program computes them.

cuDNN has three convolutions, over the x, kernel and y of y = x * kernel: each computes one of them
from the other two, and in all three `window` and `dim_labels` describe y = x * kernel. Its fused
attention is two products over all pairs of queries and keys, and five in the backward pass.
"""

import json
import math

import numpy as np

from jaxgan.planning.hlo import Instruction, arrays

# cuDNN's name -> which of x, kernel and y are its first operand, its second and its result.
CONVOLUTIONS = {
    "__cudnn$convForward": "xky",
    "__cudnn$convBiasActivationForward": "xky",
    "__cudnn$convBackwardInput": "ykx",
    "__cudnn$convBackwardFilter": "xyk",
}
ATTENTION = "__cudnn$fmhaSoftmax"
PRODUCT = "__cublas$"


def operations(instruction: Instruction, body: dict[str, Instruction]) -> int:
    """Return the operations of an instruction; 0 if it is neither a product nor a convolution.

    body: the computation that contains it.
    """
    operands = [body[name] for name in instruction.operands[:2] if name in body]
    if len(operands) < 2:
        return 0
    left, right = (arrays(operand.shape)[0].sides for operand in operands)
    out = arrays(instruction.shape)[0].sides
    if instruction.opcode == "dot":
        axes = instruction.found(r"lhs_contracting_dims=\{([\d,]*)\}")[1]
        return 2 * math.prod(out) * math.prod(left[int(a)] for a in axes.split(",") if a)
    if instruction.opcode == "convolution":
        return _convolution(instruction, left, right, out)
    if instruction.opcode != "custom-call":
        return 0
    target = instruction.target
    if target in CONVOLUTIONS:
        sides = dict(zip(CONVOLUTIONS[target], (left, right, out), strict=True))
        return _convolution(instruction, sides["x"], sides["k"], sides["y"])
    if target.startswith(ATTENTION):
        (b, queries, heads, head), keys = left, right[1]
        count = 5 if target.endswith("Backward") else 2
        return 2 * count * b * heads * queries * keys * head
    if target.startswith(PRODUCT):
        axes = instruction.found(r'"lhs_contracting_dimensions":(\[[^]]*\])')[1]
        return 2 * math.prod(out) * math.prod(left[int(a)] for a in json.loads(axes))
    return 0


def _convolution(instruction: Instruction, x: list[int], kernel: list[int], y: list[int]) -> int:
    """Return 2 x the pairs of a pixel of x and a position in the kernel, over all channels."""
    labels = instruction.found(r"dim_labels=(\w+)_(\w+)->(\w+)").groups()
    left, right, out = (
        dict(zip(label, sides, strict=True))
        for label, sides in zip(labels, (x, kernel, y), strict=True)
    )
    window = instruction.rest.partition("window={")[2].partition("}")[0]
    window = dict(part.split("=") for part in window.split())
    pairs = 1
    for place, axis in enumerate(sorted(label for label in out if label.isdigit())):
        low, stride, holes, step = (
            int(window[name].split("x")[place].split("_")[0]) if name in window else default
            for name, default in (("pad", 0), ("stride", 1), ("lhs_dilate", 1), ("rhs_dilate", 1))
        )
        at = np.arange(out[axis]) * stride - low + np.arange(right[axis])[:, None] * step
        inside = (at >= 0) & (at <= (left[axis] - 1) * holes) & (at % holes == 0)
        pairs *= int(inside.sum())
    return 2 * pairs * out["b"] * out["f"] * right["i"]
