"""Loading trained generators from where they are stored (places.py): a run's checkpoints, or a
file."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.build import medium_of, sides, takes_text, transform
from jaxgan.devices import sharding
from jaxgan.game import texts
from jaxgan.game.game import TrainState
from jaxgan.trained import export
from jaxgan.trained.generator import TrainedGenerator
from jaxgan.trained.lengths import of_length
from jaxgan.trained.places import place, refuse_other
from jaxgan.trained.policy import Policy, is_policy
from jaxgan.trained.published import weights
from jaxgan.trained.simulator import Simulator, is_simulator
from jaxgan.trained.translator import Translator, is_translator
from jaxgan.training.checkpoints import Checkpoints
from jaxgan.training.run import Run, run_config, saved

PyTree = Any
Trained = TrainedGenerator | Translator | Policy | Simulator


def load(path: str | Path, config: ConfigDict | None = None) -> Trained:
    """Return the generator of a run's newest checkpoint, of an exported file, or by its name.

    It is a Translator if it makes images from images, a Policy if it acts in an environment, and a
    Simulator if its condition is a number.

    Args:
      path: a work directory, a .safetensors file that `jaxgan export` wrote, or a name that
        `jaxgan models` lists, such as "fashion"; or "hf://OWNER/NAME", with the extra `hub`; or
        the URL of a run or a file in an object store, s3:// or gs://, with the extra `s3` or `gcs`.
      config: for other values of config.sample: another step, raw weights, a truncation.

    Raises:
      FileNotFoundError, ValueError: with one line on what is wrong with the path.
    """
    path = place(path)
    if path.is_file():
        return load_file(path, config)
    refuse_other(path)
    config = run_config(path, config)
    refuse_classifier(config, path)
    with Checkpoints(path / "checkpoints") as checkpoints:
        abstract = generator_part(config)
        part = checkpoints.restore_newest(abstract, partial=True, wanted=config.sample.step)
    step, length = int(part["step"]), config.sample.length
    if length and config.sample.weights == "average":
        part["averages"] = {"generator": of_length(path, length, step)}
    return _of(config, part, step)


def refuse_classifier(config: ConfigDict, path: Path) -> None:
    """Raise ValueError for a run whose generator is a classifier: see trained/classifier.py."""
    if "classify" in sides(config, medium_of(config).spec)["generator"].calls:
        raise ValueError(
            f"model {config.model.name!r} makes no samples: write jaxgan evaluate {path}"
        )


def load_generator(path: str | Path, config: ConfigDict | None = None) -> TrainedGenerator:
    """Return what `load` does; ValueError for what has no latents and classes, such as a
    translator."""
    found = load(path, config)
    if isinstance(found, Policy):
        raise ValueError(
            f"model {found.config.model.name!r} acts in an environment and has no latents or "
            f"classes: write jaxgan sample {path}"
        )
    if isinstance(found, Simulator):
        raise ValueError(
            f"model {found.config.model.name!r} makes samples from numbers and has no classes: "
            f"write jaxgan sample {path}"
        )
    if isinstance(found, Translator):
        makes, what = "images from images", "FOLDER"
        if found.takes_text:
            makes, what = "images from captions", "FILE.npz, of captions with their vectors"
        elif found.makes_sounds:
            makes = "sounds from frames"
        raise ValueError(
            f"model {found.config.model.name!r} makes {makes} and has no latents or "
            f"classes: write jaxgan translate {path} {what}"
        )
    return found


def load_translator(path: str | Path, config: ConfigDict | None = None) -> Translator:
    """Return what `load` does; ValueError for anything but a translator."""
    found = load(path, config)
    if not isinstance(found, Translator):
        makes = "makes samples from latents"
        if isinstance(found, Policy):
            makes = "acts in an environment"
        elif isinstance(found, Simulator):
            makes = "makes samples from numbers"
        raise ValueError(
            f"model {found.config.model.name!r} {makes} and translates nothing: write jaxgan "
            f"sample {path}"
        )
    return found


def load_policy(path: str | Path, config: ConfigDict | None = None) -> Policy:
    """Return what `load` does; ValueError for anything but a policy."""
    found = load(path, config)
    if not isinstance(found, Policy):
        raise ValueError(f"model {found.config.model.name!r} makes images and does not act")
    return found


def load_simulator(path: str | Path, config: ConfigDict | None = None) -> Simulator:
    """Return what `load` does; ValueError for anything but a simulator."""
    found = load(path, config)
    if not isinstance(found, Simulator):
        raise ValueError(f"model {found.config.model.name!r} makes no samples from numbers")
    return found


def load_file(path: Path, config: ConfigDict | None = None) -> TrainedGenerator | Translator:
    """Return the generator in a file of `jaxgan export` or `jaxgan import`."""
    export.refuse_program(path)
    imported = weights.load(path) if weights.is_weights(path) else None
    if config is not None:
        own = export.saved_config(path) if imported is None else imported.config
        has_table = imported is None or weights.statistics(imported) is not None
        refuse_other_sampling(path, config.sample, own.sample, has_table)
    if imported is not None:
        if config is not None:
            imported.config.sample = config.sample
        return weights.generator(imported)
    return export.read_generator(path, config)


def refuse_other_sampling(path: Path, asked: ConfigDict, own: ConfigDict, has_table: bool) -> None:
    """Raise ValueError for another average than a file's own or, if it holds standing statistics,
    another definition of truncation than theirs."""
    if asked.length != own.length:
        raise ValueError(
            f"sample.length = {asked.length:g}: {path} holds one average; write the run's directory"
        )
    definition = asked.truncation_definition
    if has_table and definition != own.truncation_definition:
        raise ValueError(
            f"sample.truncation_definition = {definition!r}: {path} holds standing statistics for "
            f"{own.truncation_definition!r}; write this, or the run's directory"
        )


def model_config(path: Path) -> ConfigDict:
    """Return the config in a work directory, or in an exported or imported file."""
    if not path.is_file():
        refuse_other(path)
        return saved(path)
    export.refuse_program(path)
    return weights.load(path).config if weights.is_weights(path) else export.saved_config(path)


def generator_part(config: ConfigDict) -> PyTree:
    """Return shapes and shardings of the part of a state that sampling needs.

    No objective, optimiser or discriminator is built, and nothing else of a checkpoint is read.
    """
    spec = medium_of(config).spec
    side = sides(config, spec)["generator"]
    passed = transform(config, "generator")

    def first() -> PyTree:
        keys = jax.random.split(jax.random.key(0))
        params = side.init(keys[0])
        own: dict[str, PyTree] = {"transform_state": passed.init(params, keys[1])}
        if takes_text(config, spec):
            own["stats"] = {texts.NAME: texts.empty(config.data.text_dim)}
        part: dict[str, PyTree] = {"step": jnp.zeros((), jnp.int32)}
        if config.sample.weights == "raw":
            own["params"] = params
        else:
            part["averages"] = {"generator": params}
        return part | {"players": {"generator": own}}

    whole = sharding.replicated(sharding.create_mesh(devices=jax.local_devices()))
    return jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=whole), jax.eval_shape(first)
    )


def from_state(run: Run, state: TrainState, compiled: Trained | None = None) -> Trained:
    """Return the generator of a state.

    compiled: the generator of another state of this run, whose compiled programs are reused.
    """
    own = state.players["generator"]
    fields = {"transform_state": own.transform_state, "params": own.params, "stats": own.stats}
    part = {"averages": state.averages, "players": {"generator": fields}}
    return _of(run.config, part, int(state.step), compiled)


def _of(
    config: ConfigDict,
    part: PyTree,
    step: int,
    compiled: Trained | None = None,
) -> Trained:
    own = part["players"]["generator"]
    is_raw = config.sample.weights == "raw"
    params = own["params"] if is_raw else part["averages"]["generator"]
    weights, _ = jax.jit(transform(config, "generator").apply)(params, own["transform_state"])
    # To the host: each of several processes samples on its own devices.
    weights = jax.device_get(weights)
    if is_policy(config):
        if isinstance(compiled, Policy):
            return compiled.with_weights(weights, step)
        return Policy(config, weights, step)
    if is_simulator(config):
        if isinstance(compiled, Simulator):
            return compiled.with_weights(weights, step)
        return Simulator(config, weights, step)
    if not is_translator(config):
        if isinstance(compiled, TrainedGenerator):
            return compiled.with_weights(weights, step)
        return TrainedGenerator(config, weights, step=step)
    kept = own.get("stats", {}).get(texts.NAME)
    if isinstance(compiled, Translator):
        return compiled.with_weights(weights, step, kept)
    return Translator(config, weights, step, kept)
