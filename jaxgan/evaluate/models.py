"""What is evaluated: a run (any of its checkpoints), an exported or imported file, or images."""

from pathlib import Path
from typing import NamedTuple

from ml_collections import ConfigDict

from jaxgan.config import default_config
from jaxgan.evaluate.images import Images, open_images
from jaxgan.game.game import TrainState
from jaxgan.trained.classifier import Classifier, classifier_of, is_classifier
from jaxgan.trained.generator import TrainedGenerator
from jaxgan.trained.lengths import of_length
from jaxgan.trained.load import Trained, from_state, load, model_config
from jaxgan.trained.places import refuse_other
from jaxgan.trained.policy import Policy
from jaxgan.trained.simulator import Simulator
from jaxgan.trained.translator import Translator
from jaxgan.training.checkpoints import Checkpoints
from jaxgan.training.run import Run, abstract_state, load_run


class Model(NamedTuple):
    """One of generator, translator, images and classifier; run and state if it comes from a run."""

    generator: TrainedGenerator | None = None
    translator: Translator | None = None
    images: Images | None = None
    run: Run | None = None
    state: TrainState | None = None
    classifier: Classifier | None = None


def is_run(path: Path) -> bool:
    """Return whether a path is a run's directory."""
    return (path / "config.json").is_file()


def open_model(path: Path, config: ConfigDict) -> Model:
    """Open what `path` is; for a run, its newest checkpoint.

    Raises:
      FileNotFoundError, ValueError: with one line on what to write instead.
    """
    if path.is_file():
        return of(load(path, config))
    if not is_run(path):
        return Model(images=open_images(path, config.data.split))
    run = run_of(path, config)
    with Checkpoints(path / "checkpoints") as checkpoints:
        state = checkpoints.restore_newest(abstract_state(run), wanted=config.sample.step)
    return of_state(path, run, state)


def of_state(path: Path, run: Run, state: TrainState, before: Model | None = None) -> Model:
    """Return the model of a run's state; `before`, that of another state, lends its programs."""
    if is_classifier(run):
        return Model(run=run, state=state, classifier=classifier_of(run, state))
    wanted = run.config.sample
    if wanted.length and wanted.weights == "average":
        average = of_length(path, wanted.length, int(state.step))
        state = state.replace(averages={**state.averages, "generator": average})
    compiled = before and (before.generator or before.translator)
    return of(from_state(run, state, compiled), run, state)


def of(trained: Trained, run: Run | None = None, state: TrainState | None = None) -> Model:
    """Return the model of what `load` returns. ValueError for what no metric can score."""
    if isinstance(trained, Policy):
        raise ValueError("a policy is scored in its environment: see evaluate/returns.py")
    if isinstance(trained, Simulator):
        raise ValueError(
            f"model {trained.config.model.name!r} makes samples from numbers, and no metric knows "
            "them: draw some with jaxgan sample"
        )
    if isinstance(trained, Translator):
        return Model(translator=trained, run=run, state=state)
    return Model(trained, run=run, state=state)


def run_of(path: Path, config: ConfigDict) -> Run:
    """Open a run to sample from, with replicated weights on every device."""
    config = ConfigDict(config.to_dict())
    config.mesh.fsdp = 1
    return load_run(path, config)


def known_config(path: Path) -> ConfigDict:
    """Return the config of a model; the defaults for images."""
    if path.is_file() or is_run(path):
        return model_config(path)
    if not path.is_dir():
        refuse_other(path)
    config = default_config()
    config.data.name = ""  # images have no training data: the user must name the reference
    config.evaluate.samples = 0  # all of them
    return config
