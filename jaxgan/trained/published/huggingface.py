"""Names in the pytorch_model.bin of pytorch-pretrained-biggan: BigGAN-deep's generator.

Each batch norm has 51 rows of statistics, for truncations 0.00, 0.02, ..., 1.00. The files use
PyTorch's own spectral norm: u and v, and division by u^T W v without another iteration.
"""

import re
from collections.abc import Iterator

import numpy as np

from jaxgan.trained.published.layouts import (
    FLAT,
    SAME,
    SCALAR,
    TORCH_CONV,
    TRANSPOSED,
    Layout,
    Row,
    Structure,
    latent_first,
    then,
    torch_conv_vector,
)

FIELDS = {"sample.truncation_definition": "scaled", "sample.truncation": 1.0}
IGNORED = re.compile(r"(?!)")  # nothing


def normalised(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the arrays, whose names need no change."""
    return arrays


def left_out(arrays: dict[str, np.ndarray]) -> list[str]:
    """Return notes on what was not imported: nothing."""
    return []


def truncations(rows: int) -> tuple[float, ...]:
    """Return the truncations of the rows of statistics."""
    return tuple(i / (rows - 1) for i in range(rows))


def structure(arrays: dict[str, np.ndarray]) -> Structure:
    """Return the network's structure, from its names; ValueError if they are not this project's."""
    found = [
        re.fullmatch(r"generator\.layers\.(\d+)\.(bn_0\.running_means|gamma)", n) for n in arrays
    ]
    blocks = [int(m[1]) for m in found if m and m[2] != "gamma"]
    attention = [int(m[1]) for m in found if m and m[2] == "gamma"]
    if "embeddings.weight" not in arrays or not blocks:
        raise ValueError("these are not the names of pytorch-pretrained-biggan's generator")
    after = attention[0] - 1 if attention else None
    dim = arrays["embeddings.weight"].shape[0]
    return Structure("generator", True, len(blocks), after, embedding_dim=dim)


def _layer(ours: str, theirs: str, kernel: Layout, v: Layout, bias: bool = True) -> Iterator[Row]:
    yield Row(f"params/{ours}/kernel", f"{theirs}.weight_orig", kernel)
    yield Row(f"u/{ours}/kernel", f"{theirs}.weight_u", FLAT)
    yield Row(f"v/{ours}/kernel", f"{theirs}.weight_v", v)
    if bias:
        yield Row(f"params/{ours}/bias", f"{theirs}.bias", SAME)


def rows(s: Structure) -> Iterator[Row]:
    """Yield a row for every array that a network of this structure can have."""
    condition = latent_first(s.embedding_dim)
    linear = then(TRANSPOSED, condition)
    yield Row("params/shared_embedding/embedding", "embeddings.weight", TRANSPOSED)
    yield from _layer("linear", "generator.gen_z", linear, condition)
    for i in range(s.blocks):
        layer = i if s.attention is None or i <= s.attention else i + 1
        here, there = f"block_{i}", f"generator.layers.{layer}"
        for n in range(s.convolutions):
            v = torch_conv_vector(3 if n in (1, 2) else 1)
            yield from _layer(f"{here}/conv_{n}", f"{there}.conv_{n}", TORCH_CONV, v)
            norm, theirs = f"{here}/norm_{n}", f"{there}.bn_{n}"
            for part, name in (("gain", "scale"), ("bias", "offset")):
                yield from _layer(f"{norm}/{part}", f"{theirs}.{name}", linear, condition, False)
            yield Row(f"mean/{norm}/norm", f"{theirs}.running_means", SAME)
            yield Row(f"var/{norm}/norm", f"{theirs}.running_vars", SAME)
    if s.attention is not None:
        there = f"generator.layers.{s.attention + 1}"
        for part, name in (("theta", "theta"), ("phi", "phi"), ("g", "g"), ("out", "o_conv")):
            theirs = f"{there}.snconv1x1_{name}"
            yield from _layer(f"attention/{part}", theirs, TORCH_CONV, torch_conv_vector(1), False)
        yield Row("params/attention/gamma", f"{there}.gamma", SCALAR)
    yield Row("params/norm/gain", "generator.bn.weight", SAME)
    yield Row("params/norm/bias", "generator.bn.bias", SAME)
    yield Row("mean/norm", "generator.bn.running_means", SAME)
    yield Row("var/norm", "generator.bn.running_vars", SAME)
    yield from _layer("to_image", "generator.conv_to_rgb", TORCH_CONV, torch_conv_vector(3))
