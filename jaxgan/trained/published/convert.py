"""Import and export of published weights: the known kinds, and what is refused."""

import math
import re
from functools import partial
from pathlib import Path
from types import ModuleType

import jax
import numpy as np
from flax.traverse_util import flatten_dict
from ml_collections import ConfigDict

from jaxgan.build import medium_of, noise_spec, sides
from jaxgan.files.atomic import check_output
from jaxgan.game.game import Side, Spec
from jaxgan.game.transforms import is_normalised
from jaxgan.trained.published import biggan_pytorch, hub, huggingface
from jaxgan.trained.published.files import read_arrays, write_arrays
from jaxgan.trained.published.layouts import Structure
from jaxgan.trained.published.structures import config_of
from jaxgan.trained.published.weights import Weights, save

KINDS: dict[str, ModuleType] = {
    "biggan-pytorch": biggan_pytorch,
    "huggingface": huggingface,
    "hub": hub,
}
MOST_NAMES = 8  # in a message


def import_weights(
    path: str | Path,
    kind: str,
    target: str | Path | None = None,
    fields: dict[str, object] | None = None,
) -> Weights:
    """Read published weights; write them to `target` (.safetensors) if it is given.

    Args:
      path: a file (see files.py). For BigGAN-PyTorch also a directory, of which G_ema.pth (or else
        G.pth) and D.pth are read; for "hub", the directory of a saved model.
      kind: "biggan-pytorch", "huggingface" or "hub".
      fields: config fields that the file does not determine, such as
        {"model.batch_norm_eps": 1e-4}; by default the values of the kind's own scripts.

    Raises:
      FileNotFoundError: nothing to read.
      ValueError: damaged, or of another kind; lists unknown or missing names, or wrong shapes.
    """
    module = _kind(kind)
    if target is not None:
        check_output(Path(target), "TARGET", force=True)
    networks, arrays, notes = {}, {}, []
    for file in _files(Path(path), kind):
        found = without_prefix(read_arrays(file))
        try:
            refuse_not_finite(found)
            plain = module.normalised(found)
            structure = module.structure(plain)
            ours = _translated(module, structure, plain)
        except (ValueError, KeyError, IndexError) as error:
            raise ValueError(f"{file}: {error}") from None
        if structure.role in networks:
            raise ValueError(f"{path}: two files of a {structure.role}; import one of them")
        params = {n.removeprefix("params/"): x for n, x in ours.items() if n.startswith("params/")}
        networks[structure.role] = structure, params
        arrays |= {f"{structure.role}/{name}": x for name, x in ours.items()}
        notes += module.left_out(found)
    try:
        config = config_of(networks)
    except KeyError as error:
        raise ValueError(f"{path}: {error} is missing, so the network is not known") from None
    for role in networks:
        config[role].spectral_norm = any(n.startswith(f"{role}/u/") for n in arrays)
    config.lock()
    try:
        config.update_from_flattened_dict({**module.FIELDS, **(fields or {})})
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"fields: {error.args[0]}") from None
    config.unlock()
    _check(path, config, arrays)
    rows = len(arrays.get("generator/mean/norm", ()))
    truncations = (math.inf,) if rows == 1 else module.truncations(rows)
    weights = Weights(config, arrays, truncations, tuple(notes))
    if target is not None:
        save(weights, target)
    return weights


def without_prefix(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return arrays without the prefix "module." that PyTorch's DataParallel adds to every name."""
    start = "module."
    if arrays and all(name.startswith(start) for name in arrays):
        return {name.removeprefix(start): x for name, x in arrays.items()}
    return arrays


def refuse_not_finite(arrays: dict[str, np.ndarray]) -> None:
    """Raise ValueError, naming the first, for an array with NaN or infinite values."""
    for name, x in arrays.items():
        if np.issubdtype(x.dtype, np.floating) and not np.isfinite(x).all():
            raise ValueError(f"{name} has values that are not finite: this training has diverged")


def export_weights(weights: Weights, path: str | Path, kind: str, role: str = "generator") -> None:
    """Write a network under the names and in the layout of `kind`, to an .npz or .safetensors file.

    `import_weights` of that file gives the same arrays, bit for bit. In PyTorch:
    `state = {name: torch.from_numpy(x) for name, x in np.load(path).items()}`.

    Raises ValueError if the kind has no such network.
    """
    module = _kind(kind)
    ours = {part: weights.part(role, part) for part in ("params", "u", "v", "mean", "var")}
    ours = {f"{part}/{p}": x for part, arrays in ours.items() for p, x in arrays.items()}
    theirs = {}
    for row in module.rows(_structure(weights, role)):
        if row.ours in ours:
            theirs[row.theirs] = np.asarray(row.layout.write(ours.pop(row.ours)), order="C")
    if ours or not theirs:
        raise ValueError(
            f"{kind} has no place for {_some(ours)}" if ours else f"no {role} among these weights"
        )
    write_arrays(path, theirs)


def _kind(kind: str) -> ModuleType:
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r}: write one of {', '.join(KINDS)}")
    return KINDS[kind]


def _files(path: Path, kind: str) -> list[Path]:
    if not path.is_dir() or kind == "hub":
        return [path]
    if kind == "huggingface":
        return [path / "pytorch_model.bin"]
    names = (path / "G_ema.pth", path / "G.pth", *sorted(path.glob("G_ema_*.pth")))
    generators = [f for f in names if f.is_file()]
    if len(generators) > 1 and generators[0].name not in ("G_ema.pth", "G.pth"):
        some = ", ".join(f.name for f in generators[:MOST_NAMES])
        raise ValueError(f"{path} holds {some}: write the path of one of them")
    found = generators[:1] + [f for f in (path / "D.pth",) if f.is_file()]
    if not found:
        raise FileNotFoundError(f"{path}: no G_ema.pth, G.pth or D.pth in it")
    return found


def _translated(
    module: ModuleType, structure: Structure, theirs: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return {PART/PATH: array}; ValueError lists the unknown names."""
    ours, known = {}, set()
    for row in module.rows(structure):
        if row.theirs in theirs:
            known.add(row.theirs)
            try:
                x = row.layout.read(theirs[row.theirs])
            except ValueError:
                shape = theirs[row.theirs].shape
                raise ValueError(f"{row.theirs} has an unexpected shape, {shape}") from None
            ours[row.ours] = np.asarray(x, np.float32, order="C")
    unknown = [n for n in theirs if n not in known and not module.IGNORED.search(n)]
    if unknown and all(re.search(r"\.u[1-9]\d*$", n) for n in unknown):
        raise ValueError(
            f"several singular vectors per layer ({_some(unknown)}): jaxgan's spectral norm has "
            "one, so this network cannot be imported"
        )
    if unknown:
        raise ValueError(f"unknown names: {_some(unknown)}")
    return ours


def _check(path: str | Path, config: ConfigDict, arrays: dict[str, np.ndarray]) -> None:
    """Compare with the networks that the config builds; ValueError lists what does not fit."""
    expected = {}
    for role in sorted({name.split("/")[0] for name in arrays}):
        params, stats = _shapes(config, role)
        parts = {name.split("/")[1] for name in arrays if name.startswith(role)}
        for p, leaf in params.items():
            expected[f"{role}/params/{p}"] = leaf.shape
            if "u" in parts and is_normalised(p, leaf):
                outputs = leaf.shape[0] if p.endswith("embedding") else leaf.shape[-1]
                expected[f"{role}/u/{p}"] = (outputs,)
                if "v" in parts:
                    expected[f"{role}/v/{p}"] = (leaf.size // outputs,)
        rows = next((len(x) for n, x in arrays.items() if n.startswith(f"{role}/mean/")), 0)
        for p, leaf in stats.items() if rows else ():
            norm, _, kind = p.rpartition("/")
            expected[f"{role}/{kind}/{norm}"] = (rows, *leaf.shape)
    wrong = [
        f"{n} is {list(x.shape)}, not {list(expected[n])}"
        for n, x in arrays.items()
        if n in expected and x.shape != expected[n]
    ]
    for what, names in (
        ("missing", sorted(expected.keys() - arrays.keys())),
        ("not part of such a network", sorted(arrays.keys() - expected.keys())),
        ("wrong shape", wrong),
    ):
        if names:
            raise ValueError(f"{path}: {what}: {_some(names)}")


def _side(config: ConfigDict, role: str) -> tuple[Side, Spec]:
    medium = medium_of(config)
    return sides(config, medium.spec)[role], medium.spec


def _shapes(config: ConfigDict, role: str) -> tuple[dict, dict]:
    """Return {path: shape and dtype} of a network's parameters and of its batch norms' moments."""
    side, spec = _side(config, role)
    params = jax.eval_shape(side.init, jax.random.key(0))
    first = noise_spec(config) if role == "generator" else spec.sample
    two = lambda x: jax.ShapeDtypeStruct((2, *x.shape), x.dtype)
    inputs = jax.tree.map(two, (first, spec.condition))
    stats = jax.eval_shape(partial(side.moments, "call"), {"params": params}, *inputs)
    return flatten_dict(params, sep="/"), flatten_dict(stats, sep="/")


def _structure(weights: Weights, role: str) -> Structure:
    """Return the structure of a network among our weights."""
    params, config = weights.part(role, "params"), weights.config
    if not params:
        raise ValueError(f"no {role} among these weights")
    is_generator, deep = role == "generator", config.model.name == "biggan_deep"
    start = "" if is_generator else "trunk/"
    blocks = sum(p.endswith("conv_1/kernel") for p in params)
    after = None
    if f"{start}attention/gamma" in params:
        module = _side(config, role)[0].module
        assert module is not None
        resolution = getattr(module, "trunk", module).attention
        halvings = int(math.log2(config.data.size[0] / resolution))
        stages = blocks // 2 if deep else blocks
        after = (stages - halvings if is_generator else halvings) * (2 if deep else 1) - 1
    shared = params.get("shared_embedding/embedding")
    return Structure(
        role,
        deep,
        blocks,
        after,
        channels=params["block_0/conv_0/kernel"].shape[2] if is_generator else 0,
        embedding_dim=0 if shared is None else shared.shape[1],
        per_class="block_0/norm_0/gain/embedding" in params,
        single_label=shared is not None and len(shared) == 1,
    )


def _some(names) -> str:
    names = list(names)
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more
