"""Names in G.pth, G_ema.pth and D.pth of the BigGAN authors' PyTorch code (ajbrock).

Both variants of batch norm are read: with the statistics in the layer itself, or in a sub-layer.
The statistics are running averages without truncation, or sums of standing statistics and their
count.
"""

import re
from collections.abc import Iterator

import numpy as np

from jaxgan.trained.published.layouts import (
    ROW,
    SAME,
    TORCH_CONV,
    TRANSPOSED,
    Layout,
    Row,
    Structure,
    U,
    channels_first,
    then,
)

# The epsilons of its scripts; the last batch norm always has 1e-5.
FIELDS = {
    "model.batch_norm_eps": 1e-5,
    "generator.spectral_norm_eps": 1e-6,
    "discriminator.spectral_norm_eps": 1e-6,
    "sample.truncation_definition": "variance",
}
IGNORED = re.compile(r"(\.sv\d+|accumulation_counter|num_batches_tracked)$")


def normalised(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the arrays under the names of the variant without a sub-layer."""
    plain, mixed = {}, _mixed_counters(arrays)
    for name, x in arrays.items():
        statistic = re.fullmatch(r"(.*)\.bn\.(?:stored|running)_(mean|var)", name)
        if statistic and mixed:
            continue
        if statistic:
            at, kind = statistic.groups()
            count = float(arrays.get(f"{at}.bn.accumulation_counter", np.zeros(1)).max())
            name, x = f"{at}.stored_{kind}", x / np.float32(count) if count else x
        plain[name] = x
    return plain


def _mixed_counters(arrays: dict[str, np.ndarray]) -> list[str]:
    """Return the counters of standing statistics that are not whole numbers.

    Then a moving average of the networks was taken over sums and counts alike, and it cannot be
    known what these statistics are means of.
    """
    counters = {n: x for n, x in arrays.items() if n.endswith("accumulation_counter")}
    return [n for n, x in counters.items() if np.any(np.float64(x) != np.round(x))]


def left_out(arrays: dict[str, np.ndarray]) -> list[str]:
    """Return notes on what was not imported."""
    mixed = _mixed_counters(arrays)
    if not mixed:
        return []
    return [
        f"standing statistics left out: {mixed[0]} is not a whole number, so an average was mixed "
        "into them; they are computed again"
    ]


def truncations(rows: int) -> tuple[float, ...]:
    """Return the truncations of the rows of statistics: none are known."""
    return ()


def structure(arrays: dict[str, np.ndarray]) -> Structure:
    """Return the network's structure, from its names; ValueError if they are not this project's."""
    found = [re.fullmatch(r"blocks\.(\d+)\.(\d+)\.(conv1\.weight|gamma)", n) for n in arrays]
    places = [(int(m[1]), int(m[2]), m[3] == "gamma") for m in found if m]
    if "output_layer.2.weight" in arrays and places:
        deep = "blocks.0.0.conv4.weight" in arrays
        channels = arrays["blocks.0.0.conv1.weight"].shape[1]
        attention = _one_attention(places)
        blocks = 1 + max(i for i, _, _ in places)
        per_class = "shared.weight" not in arrays
        return Structure("generator", deep, blocks, attention, channels, per_class=per_class)
    if "linear.weight" in arrays and places:
        deep = "input_conv.weight" in arrays
        attention = _one_attention(places)
        if attention is not None and deep:
            attention = 2 * attention + 1
        blocks = sum(not gamma for *_, gamma in places)
        return Structure("discriminator", deep, blocks, attention)
    raise ValueError("these are not the names of BigGAN-PyTorch's G.pth or D.pth")


def _one_attention(places: list[tuple[int, int, bool]]) -> int | None:
    """Return the block that attention follows, or None; ValueError for several."""
    found = sorted(i for i, _, gamma in places if gamma)
    if len(found) > 1:
        raise ValueError(
            f"attention after the blocks {', '.join(map(str, found))}: jaxgan's networks have one "
            "attention each, so this one cannot be imported"
        )
    return found[0] if found else None


def _layer(ours: str, theirs: str, layout: Layout, vector: Layout = SAME) -> Iterator[Row]:
    yield Row(f"params/{ours}/kernel", f"{theirs}.weight", layout)
    yield Row(f"params/{ours}/bias", f"{theirs}.bias", vector)
    yield Row(f"u/{ours}/kernel", f"{theirs}.u0", then(U, vector))


def _attention(ours: str, theirs: str) -> Iterator[Row]:
    for part, name in (("theta", "theta"), ("phi", "phi"), ("g", "g"), ("out", "o")):
        yield from _layer(f"{ours}/{part}", f"{theirs}.{name}", TORCH_CONV)
    yield Row(f"params/{ours}/gamma", f"{theirs}.gamma", SAME)


def rows(s: Structure) -> Iterator[Row]:
    """Yield a row for every array that a network of this structure can have."""
    yield from _generator(s) if s.role == "generator" else _discriminator(s)


def _generator(s: Structure) -> Iterator[Row]:
    first = channels_first(s.channels)
    yield Row("params/shared_embedding/embedding", "shared.weight", SAME)
    yield from _layer("linear", "linear", then(TRANSPOSED, first), first)
    for i in range(s.blocks):
        here, there = f"block_{i}", f"blocks.{i}.0"
        for n in range(s.convolutions):
            yield from _layer(f"{here}/conv_{n}", f"{there}.conv{n + 1}", TORCH_CONV)
            norm, theirs = f"{here}/norm_{n}", f"{there}.bn{n + 1}"
            for part in ("gain", "bias"):
                if s.per_class:
                    yield Row(f"params/{norm}/{part}/embedding", f"{theirs}.{part}.weight", SAME)
                else:
                    yield from _layer(f"{norm}/{part}", f"{theirs}.{part}", TRANSPOSED)
            yield from _statistics(f"{norm}/norm", theirs)
        yield from _layer(f"{here}/skip", f"{there}.conv_sc", TORCH_CONV)
    if s.attention is not None:
        yield from _attention("attention", f"blocks.{s.attention}.1")
    yield Row("params/norm/gain", "output_layer.0.gain", SAME)
    yield Row("params/norm/bias", "output_layer.0.bias", SAME)
    yield from _statistics("norm", "output_layer.0")
    yield from _layer("to_image", "output_layer.2", TORCH_CONV)


def _statistics(ours: str, theirs: str) -> Iterator[Row]:
    yield Row(f"mean/{ours}", f"{theirs}.stored_mean", ROW)
    yield Row(f"var/{ours}", f"{theirs}.stored_var", ROW)


def _discriminator(s: Structure) -> Iterator[Row]:
    yield from _layer("trunk/stem", "input_conv", TORCH_CONV)
    for i in range(s.blocks):
        there = f"blocks.{i // 2}.{i % 2}" if s.deep else f"blocks.{i}.0"
        for n in range(s.convolutions):
            yield from _layer(f"trunk/block_{i}/conv_{n}", f"{there}.conv{n + 1}", TORCH_CONV)
        yield from _layer(f"trunk/block_{i}/skip", f"{there}.conv_sc", TORCH_CONV)
    if s.attention is not None:
        there = f"blocks.{s.attention // 2}.2" if s.deep else f"blocks.{s.attention}.1"
        yield from _attention("trunk/attention", there)
    yield from _layer("head/linear", "linear", TRANSPOSED)
    yield Row("params/head/projection/embedding", "embed.weight", SAME)
    yield Row("u/head/projection/embedding", "embed.u0", U)
