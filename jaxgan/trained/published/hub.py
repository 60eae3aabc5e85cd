"""Names of the variables in DeepMind's TF-Hub modules: BigGAN (v2), BigGAN-deep, BigBiGAN.

Their discriminators were never published, except BigBiGAN's, which is left out here together with
its encoder. Variables come from the directory of a saved model or from an .npz of {name: value};
the averaged ones (".../ema_0.9999") are used. Kernels are laid out as here; the condition of a
batch norm is the latent, then the embedding.

Statistics. A module computes the statistics of its batch norms from tables for 51 truncations in
its graph, not from variables, so a saved model is read without them. An .npz may contain them as
`accumulated_mean` and `accumulated_var` of shape [51, channels] or, for BigGAN-deep, under the
names of the graph's tensors, "stack_1" and so on. The single row that is stored as a variable
belongs to an unknown truncation, except in BigBiGAN, which has no truncation.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from jaxgan.trained.published.huggingface import truncations as truncations
from jaxgan.trained.published.layouts import (
    FLAT,
    SAME,
    SCALAR,
    Layout,
    Row,
    Structure,
    U,
    latent_first,
)

FIELDS = {"sample.truncation_definition": "scaled"}
# Right singular vectors, and what only training needs.
IGNORED = re.compile(r"(/u1|/accumulation_counter|/update_accumulators|global_step)$")


# Prefixes of a module's scopes in a graph, and the suffix for the output of an operation.
ROOT = re.compile(r"^(module/|module_apply_default/)?(GenEncWrapper/)?|:0$")


class Spelling(NamedTuple):
    """How a family of modules names its parts."""

    average: str
    embedding: str
    linear: str
    norm: str
    statistics: str
    gain: str
    bias: str
    last_norm: str
    last_statistics: str
    to_image: str


BIGGAN = Spelling(
    "ema_b999900", "linear", "Generator/G_Z/G_linear", "HyperBN", "CrossReplicaBN", "gamma", "beta",
    "Generator/ScaledCrossReplicaBN", "Generator/ScaledCrossReplicaBNbn", "Generator/conv_2d",
)  # fmt: skip
DEEP = Spelling(
    "ema_0.9999", "linear", "Generator/GenZ/G_linear", "BatchNorm", "BatchNorm", "scale", "offset",
    "Generator/BatchNorm", "Generator/BatchNorm", "Generator/conv_to_rgb",
)  # fmt: skip
BIGBIGAN = DEEP._replace(embedding="Generator/linear", to_image="Generator/conv_2d")


def spelling(s: Structure) -> Spelling:
    """Return how the modules of a structure name their parts."""
    if s.deep:
        return DEEP
    return BIGBIGAN if s.single_label else BIGGAN


def normalised(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the generator's arrays: names without prefix and suffix, averages only."""
    plain = {}
    for name, x in arrays.items():
        plain[re.sub(ROOT, "", name)] = x
    averaged = {re.sub(r"/ema_[^/]+$", "", n) for n in plain if "/ema_" in n}
    plain = {n: x for n, x in plain.items() if n not in averaged}
    plain = {n: x for n, x in _with_tables(plain).items() if re.match(r"Generator/|linear/", n)}
    if any(n.startswith("Generator/linear/") for n in plain):  # BigBiGAN
        return {n: x.reshape(1, -1) if _is_statistic(n) else x for n, x in plain.items()}
    return {n: x for n, x in plain.items() if not _is_statistic(n) or _is_table(x)}


def _is_statistic(name: str) -> bool:
    return name.endswith(("/accumulated_mean", "/accumulated_var"))


def _is_table(x: np.ndarray) -> bool:
    return x.ndim == 2 and len(x) > 1


def left_out(arrays: dict[str, np.ndarray]) -> list[str]:
    """Return notes on what a file contains and an import leaves out."""
    names = {re.sub(ROOT, "", n) for n in arrays}
    scopes = {n.split("/")[0] for n in names if "/" in n} - {"Generator", "linear"}
    notes = [f"{scope} is left out" for scope in sorted(scopes)]
    if not any(_is_statistic(n) for n in normalised(arrays)):
        notes.append("no statistics by truncation: sampling computes them")
    return notes


def _with_tables(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Rename the tables of a BigGAN-deep graph, which are in the order of its batch norms."""
    tables = {n: x for n, x in arrays.items() if re.fullmatch(r"stack_\d+", n)}
    if not tables:
        return arrays
    arrays = {n: x for n, x in arrays.items() if n not in tables}
    blocks = 1 + max(int(m[1] or 0) for n in arrays if (m := _block(n)))
    norms = [f"Generator/{_numbered('GBlock', i)}" for i in range(blocks)]
    norms = [f"{block}/{_numbered('BatchNorm', n)}" for block in norms for n in range(4)]
    # There are ten tensors per two batch norms: 1 and 6 are the means, 3 and 8 the variances.
    for k, norm in enumerate([*norms, "Generator/BatchNorm"]):
        number = 10 * (k // 2) + (6 if k % 2 else 1)
        for kind, at in (("mean", number), ("var", number + 2)):
            if f"stack_{at}" in tables:
                arrays[f"{norm}/accumulated_{kind}"] = tables.pop(f"stack_{at}")
    return arrays | tables


def _block(name: str) -> re.Match | None:
    return re.match(r"Generator/GBlock(?:_(\d+))?/", name)


def _numbered(name: str, i: int) -> str:
    return f"{name}_{i}" if i else name


def structure(arrays: dict[str, np.ndarray]) -> Structure:
    """Return the network's structure, from its names; ValueError if they are not this project's."""
    numbers = [int(m[1] or 0) for n in arrays if (m := _block(n))]
    if not numbers:
        raise ValueError("these are not the names of a TF-Hub BigGAN's variables")
    blocks = 1 + max(numbers)
    deep = any(n.startswith("Generator/GBlock/conv3/") for n in arrays)
    embedding = [x for n, x in arrays.items() if re.match(r"(Generator/)?linear/w", n)]
    if len(embedding) != 1:
        raise ValueError(f"{len(embedding)} class embeddings (linear/w), expected one")
    widths = [_get(arrays, i, f"conv{3 if deep else 0}/w").shape[-1] for i in range(blocks)]
    theta = [x for n, x in arrays.items() if n.startswith("Generator/attention/theta/w")]
    after = None
    if theta:  # it follows the first resolution with as many channels as it takes
        step = 2 if deep else 1
        after = step * (widths[step - 1 :: step].index(theta[0].shape[2]) + 1) - 1
    return Structure(
        "generator", deep, blocks, after,
        embedding_dim=embedding[0].shape[1],
        single_label=any(n.startswith("Generator/linear/") for n in arrays),
    )  # fmt: skip


def _get(arrays: dict[str, np.ndarray], i: int, part: str) -> np.ndarray:
    start = f"Generator/{_numbered('GBlock', i)}/{part}"
    for name, x in arrays.items():
        if name == start or name.startswith(start + "/"):
            return x
    raise ValueError(f"{start} is missing")


def rows(s: Structure) -> Iterator[Row]:
    """Yield a row for every array that a network of this structure can have."""
    words = spelling(s)

    def leaf(ours: str, theirs: str, layout: Layout) -> Row:
        return Row(f"params/{ours}", f"{theirs}/{words.average}", layout)

    def layer(ours: str, theirs: str, layout: Layout = SAME) -> Iterator[Row]:
        yield leaf(f"{ours}/kernel", f"{theirs}/w", layout)
        yield leaf(f"{ours}/bias", f"{theirs}/b", FLAT)
        yield Row(f"u/{ours}/kernel", f"{theirs}/u0", U)

    def statistics(ours: str, theirs: str) -> Iterator[Row]:
        for kind in ("mean", "var"):
            yield Row(f"{kind}/{ours}", f"{theirs}/accumulated_{kind}", SAME)

    condition = latent_first(s.embedding_dim)
    yield leaf("shared_embedding/embedding", f"{words.embedding}/w", SAME)
    yield from layer("linear", words.linear, condition if s.deep else SAME)
    for i in range(s.blocks):
        here, there = f"block_{i}", f"Generator/{_numbered('GBlock', i)}"
        for n in range(s.convolutions):
            yield from layer(f"{here}/conv_{n}", f"{there}/conv{n}")
            norm, theirs = f"{here}/norm_{n}", f"{there}/{_numbered(words.norm, n)}"
            yield from layer(f"{norm}/gain", f"{theirs}/{words.gain}", condition)
            yield from layer(f"{norm}/bias", f"{theirs}/{words.bias}", condition)
            yield from statistics(f"{norm}/norm", f"{there}/{_numbered(words.statistics, n)}")
        yield from layer(f"{here}/skip", f"{there}/conv_sc")
    for part, name in (("theta", "theta"), ("phi", "phi"), ("g", "g"), ("out", "o_conv")):
        yield from layer(f"attention/{part}", f"Generator/attention/{name}")
    yield leaf("attention/gamma", "Generator/attention/gamma", SCALAR)
    yield leaf("norm/gain", f"{words.last_norm}/{words.gain}", FLAT)
    yield leaf("norm/bias", f"{words.last_norm}/{words.bias}", FLAT)
    yield from statistics("norm", words.last_statistics)
    yield from layer("to_image", words.to_image)
