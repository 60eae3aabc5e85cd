"""A generator as one file: to sample with jaxgan, or with JAX alone.

NAME.safetensors  weights, standing statistics for several truncations, and the config: all that
                  `jaxgan.load` needs. No pickle; other programs can read the arrays.
NAME.stablehlo    the network itself for one truncation, not yet compiled, for any batch size:

                      import jax
                      generate = jax.export.deserialize(open(NAME, "rb").read()).call
                      images = generate(latents, labels)      # [n, h, w, c] in [-1, 1]

                  latents [n, latent_dim] float32 and labels [n] int32. It needs jax, not jaxgan.
                  A translator's program takes only images [n, h, w, c], or text vectors
                  [n, text_dim] of length sqrt(text_dim), or conditions [n, frames, k] with as many
                  frames as in training.
"""

import datetime
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict
from jax import export
from ml_collections import ConfigDict

import jaxgan
from jaxgan.config_json import config_from
from jaxgan.files.atomic import check_output, write_bytes
from jaxgan.files.errors import one_line
from jaxgan.files.tensors import read_tensors, write_tensors
from jaxgan.trained.generator import TrainedGenerator
from jaxgan.trained.policy import Policy
from jaxgan.trained.simulator import Simulator
from jaxgan.trained.translator import Translator, is_translator
from jaxgan.trained.truncations import allowed

PyTree = Any
FORMAT = "jaxgan generator 1"
TRUNCATIONS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.25, 1.5, 2.0)
DTYPES = {"float32": np.float32, "float16": np.float16, "bfloat16": ml_dtypes.bfloat16}
PLATFORMS = ("cpu", "cuda", "rocm", "tpu")


def default_truncations(generator: TrainedGenerator) -> tuple[float, ...]:
    """Return the truncations that are worth storing, 0 (none) among them."""
    config = generator.config
    return tuple(sorted({*allowed(TRUNCATIONS, config), config.sample.truncation}))


def write_generator(path: Path, generator: TrainedGenerator, dtype: str = "float32") -> None:
    """Write a .safetensors file, with the statistics of a tabulated generator.

    dtype: of the weights in the file, one of DTYPES; statistics stay float32. Reading converts the
      weights to float32.

    Raises ValueError for weights that are too large for the dtype.
    """
    assert generator.truncations is not None
    statistics = {t: generator.variables(t).get("batch_stats", {}) for t in generator.truncations}
    tree = {
        "params": generator.weights,
        "batch_stats": {f"{t:g}": s for t, s in statistics.items()},
    }
    _write(path, generator, tree, generator.truncations, dtype)


def write_translator(path: Path, translator: Translator, dtype: str = "float32") -> None:
    """Write a .safetensors file of a translator's weights; dtype and errors as above."""
    tree = {"params": translator.weights, "batch_stats": translator.moments}
    _write(path, translator, tree, (), dtype)


def _write(
    path: Path,
    found: TrainedGenerator | Translator,
    tree: PyTree,
    truncations: Sequence[float],
    dtype: str,
) -> None:
    arrays = {name: np.asarray(a) for name, a in flatten_dict(tree, sep="/").items()}
    largest = float(ml_dtypes.finfo(DTYPES[dtype]).max)
    for name in arrays:
        if name.startswith("params/"):
            if np.abs(arrays[name]).max(initial=0) > largest:
                raise ValueError(f"--dtype={dtype}: {name} is too large for it; write bfloat16")
            arrays[name] = arrays[name].astype(DTYPES[dtype])
    metadata = {
        "format": FORMAT,
        "config": json.dumps(found.config.to_dict()),
        "step": str(found.step),
        "truncations": json.dumps(truncations),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "versions": _versions(),
    }
    write_tensors(path, arrays, metadata)


def read_generator(path: Path, config: ConfigDict | None = None) -> TrainedGenerator | Translator:
    """Return the generator in a .safetensors file; see `jaxgan.load`.

    Raises ValueError for a file of another kind, or whose config and arrays do not fit.
    """
    arrays, metadata = read_tensors(path)
    stored = _config(path, metadata)
    try:
        if config is not None:
            stored.sample = config.sample
        tree = unflatten_dict(arrays, sep="/")
        weights = jax.tree.map(lambda a: a.astype(np.float32, copy=False), tree["params"])
        if is_translator(stored):
            moments = tree.get("batch_stats", {})
            translator = Translator(stored, weights, int(metadata["step"]), moments=moments)
            expected = translator.moments_shapes()
            if jax.tree.map(np.shape, moments) != jax.tree.map(lambda s: s.shape, expected):
                raise KeyError("standing statistics")
            translator.refuse_source(translator.source_shape)
            return translator
        truncations = [float(t) for t in json.loads(metadata["truncations"])]
        by_name = tree.get("batch_stats", {})
        statistics = {t: by_name.get(f"{t:g}", {}) for t in truncations}
        generator = TrainedGenerator(stored, weights, statistics, int(metadata["step"]))
        jax.eval_shape(generator.apply, generator.variables(truncations[0]), *_example(generator))
        expected = generator.statistics_shapes()
        for t in truncations:
            if jax.tree.map(np.shape, statistics[t]) != jax.tree.map(lambda s: s.shape, expected):
                raise KeyError(f"standing statistics for truncation {t:g}")
    except (KeyError, AttributeError, TypeError, IndexError) as error:
        raise _misfit(path, metadata, error) from None
    except Exception as error:
        if type(error).__module__.startswith("flax"):  # an array of another shape, or none
            raise _misfit(path, metadata, error) from None
        raise
    return generator


def saved_config(path: Path) -> ConfigDict:
    """Return the config in a .safetensors file."""
    return _config(path, read_tensors(path)[1])


def _config(path: Path, metadata: dict[str, str]) -> ConfigDict:
    if metadata.get("format") != FORMAT:
        raise ValueError(
            f"{path} is not a generator of jaxgan: write a file of `jaxgan export` or `import`"
        )
    try:
        return config_from(metadata["config"])
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        raise _misfit(path, metadata, error) from None


def _misfit(path: Path, metadata: dict[str, str], error: Exception) -> ValueError:
    """Return the error for a file whose parts do not fit, with the versions that wrote it."""
    reason = f"{path}: config and arrays do not fit: {one_line(error)}"
    if metadata.get("versions") in (None, _versions()):
        return ValueError(reason)
    return ValueError(
        f"{reason}; it was written by {metadata['versions']} on {metadata.get('date')}, this is "
        f"{_versions()}: export it again"
    )


def _versions() -> str:
    return f"jaxgan {jaxgan.__version__}, jax {jax.__version__}"


def stablehlo(generator: TrainedGenerator, truncation: float | None = None) -> bytes:
    """Return the network for one truncation as a serialised program; see the module."""
    variables = generator.variables(truncation)

    def generate(latents: jax.Array, labels: jax.Array) -> jax.Array:
        return generator.apply(variables, latents, labels)

    inputs = _example(generator, export.symbolic_shape("n")[0])
    return serialised(export.export(jax.jit(generate), platforms=PLATFORMS)(*inputs))


def stablehlo_translator(translator: Translator) -> bytes:
    """Return a translator's network with the noise of seed 0, for images of the data's size or text
    vectors of length sqrt(text_dim), as a serialised program."""
    variables, noise = translator.variables, translator.noise(0)

    def translate(sources: jax.Array) -> jax.Array:
        made = translator.apply(variables, noise, sources)
        return jnp.clip(made, -1.0, 1.0)  # for networks without a final tanh

    n = export.symbolic_shape("n")[0]
    source = jax.ShapeDtypeStruct((n, *translator.medium.spec.condition.shape), jnp.float32)
    return serialised(export.export(jax.jit(translate), platforms=PLATFORMS)(source))


def serialised(exported: export.Exported) -> bytes:
    """Return an exported program as bytes. ValueError without flatbuffers."""
    try:
        return bytes(exported.serialize())
    except ImportError as error:  # JAX needs flatbuffers here but does not install it
        raise ValueError("a .stablehlo file needs flatbuffers: pip install flatbuffers") from error


def refuse_program(path: Path) -> None:
    """Raise ValueError for a .stablehlo file, which holds no weights to load."""
    if path.suffix != ".stablehlo":
        return
    try:
        export.deserialize(bytearray(path.read_bytes()))
    except Exception as error:
        raise ValueError(
            f"{path}: jax {jax.__version__} cannot read this program ({one_line(error)}): export "
            "it again"
        ) from error
    raise ValueError(
        f"{path} is a program, for jax.export.deserialize alone: write a .safetensors file or a run"
    )


def check_dtype(dtype: str) -> None:
    """Raise ValueError for a dtype that weights are not written in."""
    if dtype not in DTYPES:
        raise ValueError(f"--dtype={dtype}: write one of {', '.join(DTYPES)}")


def check_target(
    output: Path,
    truncations: tuple[float, ...] | None = None,
    force: bool = True,
    dtype: str = "float32",
) -> str:
    """Raise ValueError for a name, truncations or a dtype that no file can have, before loading.

    Returns what `check_output` does, which also refuses to replace a file without `force`.
    """
    replaced = check_output(output, endings=(".safetensors", ".stablehlo"), force=force)
    if output.suffix == ".stablehlo" and truncations and len(truncations) > 1:
        raise ValueError(f"--truncations={truncations}: a .stablehlo file holds one; write one")
    check_dtype(dtype)
    if output.suffix == ".stablehlo" and dtype != "float32":
        raise ValueError(f"--dtype={dtype}: a .stablehlo file holds float32; leave it out")
    return replaced


def write_export(
    output: Path,
    generator: TrainedGenerator | Translator | Policy | Simulator,
    truncations: tuple[float, ...] | None = None,
    dtype: str = "float32",
) -> str:
    """Write a generator to `output`, in the format of its suffix; return a line on what it holds.

    Raises ValueError for what a file cannot hold.
    """
    check_target(output, truncations, dtype=dtype)
    if isinstance(generator, Policy):
        raise ValueError(
            f"model {generator.config.model.name!r} acts in an environment, and a file holds only "
            "generators of images: keep the run's directory"
        )
    if isinstance(generator, Simulator):
        raise ValueError(
            f"model {generator.config.model.name!r} makes samples from numbers, and a file holds "
            "only generators of images: keep the run's directory"
        )
    if isinstance(generator, Translator):
        if truncations:
            raise ValueError(
                f"--truncations={truncations}: a translator has no latents: leave it out"
            )
        if output.suffix == ".stablehlo":
            write_bytes(output, stablehlo_translator(generator))
            shape, of = generator.source_shape, "frames" if generator.makes_sounds else "images"
            sources = (
                f"text vectors of {shape[0]} numbers"
                if generator.takes_text
                else f"{of} of {shape[0]} x {shape[1]}"
            )
            says = f"{sources}, any batch size; runs with jax.export alone"
        else:
            write_translator(output, generator, dtype)
            what = "draws captions" if generator.takes_text else "translates images"
            what = "makes sounds" if generator.makes_sounds else what
            says = f"{what}: jaxgan translate"
    elif output.suffix == ".stablehlo":
        truncation = generator.truncation(truncations[0] if truncations else None)
        write_bytes(output, stablehlo(generator, truncation))
        says = f"truncation {truncation:g}, any batch size; runs with jax.export alone"
    else:
        stored = truncations or generator.truncations or default_truncations(generator)
        write_generator(output, generator.tabulated(sorted({0.0, *stored})), dtype)
        says = f"statistics for truncations {', '.join(f'{t:g}' for t in sorted({0.0, *stored}))}"
    return f"{output}: step {generator.step}, {output.stat().st_size / 1e6:.1f} MB, {says}"


def _example(generator: TrainedGenerator, n: Any = 2) -> tuple[jax.ShapeDtypeStruct, ...]:
    latents = jax.ShapeDtypeStruct((n, generator.latent_dim), jnp.float32)
    return latents, jax.ShapeDtypeStruct((n,), jnp.int32)
