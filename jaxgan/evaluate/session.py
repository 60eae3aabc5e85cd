"""Scores one model after another against one reference: the state of `jaxgan evaluate`."""

import time
from dataclasses import replace
from pathlib import Path

import jax
from jax.sharding import Mesh
from ml_collections import ConfigDict

from jaxgan.config.noun import noun
from jaxgan.evaluate.captioned import captioned
from jaxgan.evaluate.evaluation import Evaluation, Evaluator, needs_extractor
from jaxgan.evaluate.extractors.by_name import KNOWN, extractor_by_name
from jaxgan.evaluate.extractors.classifier import classifier
from jaxgan.evaluate.extractors.extractor import Extractor, check_independent
from jaxgan.evaluate.extractors.network_features import NETWORKS, network_extractor
from jaxgan.evaluate.images import Images, open_images, subset
from jaxgan.evaluate.metrics.metric import needed
from jaxgan.evaluate.models import Model
from jaxgan.evaluate.predictions import predictions
from jaxgan.evaluate.recorded import recorded
from jaxgan.evaluate.samples import samples
from jaxgan.evaluate.sheet import neighbours_sheet
from jaxgan.evaluate.sweep import sweep
from jaxgan.evaluate.translations import guesses, pair_images, translations
from jaxgan.media.pictures import save_picture
from jaxgan.trained.translator import Translator

# What evaluates other media than images, by data.medium.
INSTEAD = {
    "waves": "evaluate.extractor = 'classifier'",
    "log_spectrograms": "evaluate.extractor = 'classifier'",
    "events": "evaluate.metrics = ('tunes',)",
    "next_frames": "evaluate.metrics = ('paired',)",
}
OTHERWISE = (
    "evaluate.extractor = 'discriminator' and evaluate.metrics = ('fd', 'kd', 'precision_recall')"
)


class Session:
    """The reference, the extractor and their compiled programs, kept from one model to the next."""

    def __init__(self, config: ConfigDict, mesh: Mesh, output: Path, say):
        self._config, self._settings, self._mesh = config, config.evaluate, mesh
        self._output, self._say = output, say
        self._evaluator: Evaluator | None = None
        self.failures: list[Exception] = []  # of single metrics; the others were scored

    def score(self, model: Model, again: bool = False) -> None:
        """Add a line of results. again: even for metrics that are known under the same protocol."""
        metrics, began = tuple(self._settings.metrics), time.perf_counter()
        fake = self._samples(model)
        evaluator, truncation = self.evaluator(model, fake), fake.facts.get("truncation") or 0.0
        path = self._output / "results.jsonl"
        found = recorded(
            path, evaluator, fake, model.generator, truncation, metrics, self.failures, again
        )
        if found is None:
            return
        step = fake.facts.get("step")
        where = fake.name if step is None else f"samples of step {step}"
        self._say(f"{fake.count} {where} scored after {time.perf_counter() - began:.0f} s")
        self._say_classes(found)
        has_sheet = "copies" in metrics and len(fake.shape) == 3  # it shows images side by side
        if has_sheet and evaluator.names("copies") <= found.metrics.keys():
            seen, real = needed(found.features).features, evaluator.real().features
            distances = evaluator.real_distances()
            sheet = neighbours_sheet(fake, evaluator.reference, seen, real, distances)
            if jax.process_index() == 0:
                save_picture(self._output / "neighbours.png", sheet)

    def sweep(self, model: Model, values: list[float]) -> None:
        """Score a generator at each truncation threshold."""
        if model.translator is not None:
            raise ValueError("--truncation: a translator has no latents: leave it out")
        if model.generator is None:
            what = "a classifier" if model.classifier is not None else "images"
            raise ValueError(f"--truncation needs a generator, and this is {what}: leave it out")
        settings = self._settings
        # A file's own statistics, if it has any, belong to other thresholds.
        generator = model.generator.untabulated()
        for t in values:
            generator.truncation(t)  # refused before anything is computed
        evaluator = self.evaluator(model, self._samples(model))
        sweep(
            generator,
            evaluator,
            values,
            settings,
            self._output,
            self._mesh,
            self._say,
            self.failures,
        )

    def evaluator(self, model: Model, fake: Images) -> Evaluator:
        """Return the evaluator of this model: made once, unless the model itself is the
        extractor."""
        settings = self._settings
        if self._evaluator and settings.extractor not in NETWORKS:
            return self._evaluator
        if model.translator is not None:
            _, pictures, _ = self._pairs(model.translator)
            extractor = self._extractor(model, pictures)
            self._evaluator = Evaluator(settings, pictures, None, extractor, self._mesh)
            return self._evaluator
        if model.classifier is not None:
            labelled = self._labelled()
            self._evaluator = Evaluator(settings, labelled, None, None, self._mesh)
            return self._evaluator
        height, width = fake.shape[:2]
        size, split = (height, width), settings.split or self._config.data.split
        name = settings.reference or self._config.data.name
        if not name:
            raise ValueError(
                "evaluate.reference is empty: write real images to compare with, such as "
                "--config.evaluate.reference=data/photos"
            )
        medium = None  # images are resized to the samples' size; other media are not
        if model.generator is not None and self._config.data.medium != "images":
            medium = model.generator.medium
        word = noun(self._config.data.medium)
        reference = several(replace(open_images(name, split, size, medium), noun=word))
        whole = reference.digest
        if settings.get("reference_samples", 0):
            reference = subset(reference, settings.reference_samples, settings.seed)
        test = None
        if settings.test_split:
            test = replace(open_images(name, settings.test_split, size, medium), noun=word)
            if test.digest == whole:
                raise ValueError(
                    f"evaluate.test_split = {settings.test_split!r}: these are the images of the "
                    "reference itself; write another split of a prepared data set, or ''"
                )
        if reference.count < fake.count:
            self._say(
                f"note: {reference.name} has {reference.count} {word}, fewer than the "
                f"{fake.count} samples: distances are biased by the smaller number"
            )
        extractor = self._extractor(model, reference)
        self._evaluator = Evaluator(settings, reference, test, extractor, self._mesh)
        return self._evaluator

    def _extractor(self, model: Model, reference: Images) -> Extractor | None:
        """Return the requested extractor; None if no metric needs one."""
        if not needs_extractor(self._settings):
            return None
        name, shape = self._settings.extractor, reference.shape
        medium = self._config.data.medium
        if name == "classifier":
            found = classifier(reference)
            self._say(
                f"classifier: {found.protocol['accuracy']:.1%} of {found.protocol['tested']} held-"
                "out sounds are taken for their class"
            )
            return found
        if len(shape) != 3 and name in KNOWN and name not in NETWORKS:
            raise ValueError(
                f"evaluate.extractor = {name!r} sees images, and these are samples of "
                f"{'x'.join(map(str, shape))}: write {INSTEAD.get(medium, OTHERWISE)}, or "
                "package.module:function of your own"
            )
        if name in NETWORKS:
            if model.run is None or model.state is None:
                raise ValueError(
                    f"evaluate.extractor = {name!r} needs a run: write another extractor"
                )
            found = network_extractor(model.run, model.state, name)
        else:
            found = extractor_by_name(name, self._settings.weights_file or None)
        if name in NETWORKS or name not in KNOWN:
            check_independent(found, shape)
        return found

    def _samples(self, model: Model) -> Images:
        count, seed = self._settings.samples, self._settings.seed
        if model.translator is not None:
            sources, _, copies = self._pairs(model.translator)
            return translations(model.translator, sources, seed, copies)
        if model.classifier is not None:
            return predictions(model.classifier, self._labelled())
        if model.images is not None:
            count = count or several(model.images).count  # 0: all
        if count < 2:
            raise ValueError(f"evaluate.samples = {count}: write 2 or more")
        if model.images is None:
            assert model.generator is not None
            return samples(model.generator, count, seed, None, self._mesh)
        if count > model.images.count:
            raise ValueError(
                f"evaluate.samples = {count}, but {model.images.name} holds "
                f"{model.images.count} images: write that or less"
            )
        return subset(model.images, count, seed)

    def _labelled(self) -> Images:
        """Return the labelled images of the target domain that a classifier is tested on."""
        settings = self._settings
        others = sorted(set(settings.metrics) - {"target_accuracy"})
        if others:
            raise ValueError(
                f"evaluate.metrics: this run makes no samples for {', '.join(others)}: write "
                "--config.evaluate.metrics=target_accuracy"
            )
        if not settings.reference:
            raise ValueError(
                "evaluate.reference is empty: write a data set or a folder of labelled images of "
                "the target domain, such as --config.evaluate.reference=data/test"
            )
        size, split = tuple(self._config.data.size), settings.split or "train"
        images = open_images(settings.reference, split, size)
        return subset(images, settings.samples or images.count, settings.seed)

    def _pairs(self, translator: Translator) -> tuple[Images, Images, Images]:
        """Return sources to translate, the true pictures, and what metrics show for the sources:
        for captions, pictures of other captions. They come from a split that is not trained on, if
        the run has one."""
        settings, data = self._settings, self._config.data
        for field in ("reference", "reference_samples", "test_split"):
            if settings.get(field):
                raise ValueError(
                    f"evaluate.{field} = {settings[field]!r}: a translator is compared with the "
                    "pictures of its own pairs, of evaluate.split: leave it out"
                )
        split = settings.split or data.held_out or data.split
        if translator.takes_text:
            sources, pictures, copies = captioned(data.name, split, data.split, translator.medium)
        else:
            sources, pictures = pair_images(data.name, split, translator.medium)
            copies = guesses(sources, translator.medium)
        count = settings.samples or sources.count
        word = noun(data.medium)
        part = lambda images: replace(subset(several(images), count, settings.seed), noun=word)
        return part(sources), part(pictures), part(copies)  # the same of all

    def _say_classes(self, found: Evaluation) -> None:
        for metric, values in found.classes.items():
            worst = sorted(values, key=values.__getitem__, reverse=metric.endswith("_per_class"))
            shown = ", ".join(f"{name} {values[name]:.3g}" for name in worst[:10])
            self._say(f"{metric} by class, the worst first: {shown}")


def several(images: Images) -> Images:
    """Return the images; ValueError for a single one, which has no covariance and no neighbour."""
    if images.count < 2:
        raise ValueError(f"{images.name} holds {images.count} image: give 2 or more")
    return images
