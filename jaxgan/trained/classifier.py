"""A trained classifier of domain adaptation (models/domains.py): target images in, classes out.

    c = classifier.load("runs/dann")
    labels = c.classify(images)          # [n] int32 into c.class_names

Averaged weights. If the encoder has batch norm, its moments are means over batches of the
training's target images, without their labels; so the result for an image depends on no other
image.
"""

import math
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.data.order import fair_draw
from jaxgan.data.reader import Reader
from jaxgan.data.records import Records, open_records
from jaxgan.devices import compiler
from jaxgan.game import sampling
from jaxgan.game.game import TrainState
from jaxgan.media import pixels
from jaxgan.trained.calls import in_parts
from jaxgan.training import run as runs
from jaxgan.training.checkpoints import Checkpoints

AT_ONCE = 100  # images per call


def is_classifier(run: runs.Run) -> bool:
    """Return whether a run's generator is a classifier, for images of two domains."""
    return "classify" in run.game.players["generator"].side.calls


class Classifier:
    """See the module. records: the images over which the target's moments are computed."""

    def __init__(self, run: runs.Run, state: TrainState, records: Records):
        player, settings = run.game.players["generator"], run.config.sample
        if not is_classifier(run):
            raise ValueError(f"model.name = {run.config.model.name!r} classifies no images")
        own, is_raw = state.players["generator"], settings.weights == "raw"
        params = own.params if is_raw else state.averages["generator"]
        weights, _ = jax.jit(player.transform.apply)(params, own.transform_state)
        self.config, self.step = run.config, int(state.step)
        self.class_names = tuple(run.config.data.class_names)
        self.image_shape = run.medium.stored.sample.target.shape
        self.dtype = np.dtype(run.medium.stored.sample.target.dtype)
        self.variables = {"params": weights}
        moments = partial(player.side.moments, "predict", self.variables)
        example = jnp.zeros((2, *self.image_shape))
        if sampling.has_moments(moments, example):
            shape = settings.standing_batches, settings.standing_batch
            chosen = fair_draw(math.prod(shape), len(records), "classifier statistics")
            with Reader(records, run.medium, on_bad_record="skip") as reader:
                stored = reader.read(np.resize(chosen, shape)).sample.target
            batches = pixels.to_float(jnp.asarray(stored))
            self.variables["batch_stats"] = compiler.jit(partial(sampling.mean, moments))(batches)

        @compiler.jit
        def classify(variables, images: jax.Array) -> jax.Array:
            return player.side.calls["predict"](variables, pixels.to_float(images)).argmax(-1)

        self._classify = classify

    def classify(self, images: np.ndarray) -> np.ndarray:
        """Return the class of each image of the target domain, [n] int32.

        Args:
          images: [n, height, width, channels] of the data's size and dtype, uint8 or uint16.

        Raises:
          ValueError: another shape or dtype.
        """
        images = np.asarray(images)
        if images.shape[1:] != self.image_shape or images.dtype != self.dtype or not len(images):
            raise ValueError(
                f"images are {images.dtype} {list(images.shape)}: write {self.dtype} "
                f"[n, {', '.join(map(str, self.image_shape))}] with n above 0"
            )
        found = in_parts(partial(self._classify, self.variables), AT_ONCE, images)
        return found.astype(np.int32)


def load(workdir: str | Path) -> Classifier:
    """Return the classifier of a run's newest checkpoint; its training data must still be there."""
    run = runs.load_run(Path(workdir))
    with Checkpoints(Path(workdir) / "checkpoints") as checkpoints:
        state = checkpoints.restore_newest(runs.abstract_state(run))
    return classifier_of(run, state)


def classifier_of(run: runs.Run, state: TrainState) -> Classifier:
    """Return the classifier of a run's state."""
    return Classifier(run, state, open_records(run.config.data.name, run.config.data.split))
