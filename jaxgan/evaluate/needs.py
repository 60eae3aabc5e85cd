"""What metrics need from a request, checked before any feature is computed.

Each name in `Metric.needs` that a request may fail to provide has a function here, which returns
what to write instead, or "" if all is well. The other names (samples, reference, distances, pixels)
tell evaluation.py what to prepare.
"""

import difflib
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from jaxgan.evaluate.images import Images, class_map
from jaxgan.evaluate.metrics.held_out import tested
from jaxgan.evaluate.metrics.luma import border
from jaxgan.evaluate.metrics.paired import WINDOW
from jaxgan.evaluate.metrics.per_class import small_classes
from jaxgan.evaluate.metrics.table import METRICS

WITH_CLASSES = ("two_classes", "two_a_class", "every_class", "pair_of_a_class")


class Request(NamedTuple):
    """What is to be scored.

    samples, reference: what to score, and against what. test: what classifiers are tested on; None
    takes a tenth of the reference. generator: whether a generator made the samples. logits: how
    many the extractor gives; None without an extractor.
    """

    samples: Images
    reference: Images
    test: Images | None
    generator: bool
    logits: int | None


def check_metrics(metrics: Iterable[str], known: Iterable[str] = tuple(METRICS)) -> None:
    """Raise ValueError for names of unknown metrics, with the nearest known one."""
    for name in metrics:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, 1)
            instead = f"did you mean {near[0]!r}? " if near else ""
            raise ValueError(f"no metric {name!r}: {instead}write some of {', '.join(known)}")


def check_request(metrics: Iterable[str], request: Request) -> None:
    """Raise ValueError for metrics whose needs the request does not provide."""
    metrics = tuple(metrics)
    word = request.reference.noun
    sets = {"samples": request.samples, f"real {word}": request.reference}
    for name in metrics:
        metric = METRICS[name]
        for (what, images), least in zip(sets.items(), metric.least, strict=True):
            if images.count < least:
                raise ValueError(
                    f"the metric {name!r} needs {least} {what} or more, not {images.count} of "
                    f"{images.name}: give more, or leave it out of evaluate.metrics"
                )
        for need in metric.needs:
            reason = NEEDS[need](request) if need in NEEDS else ""
            if reason:
                rest = tuple(n for n in metrics if need not in METRICS[n].needs)
                if need in ("images", "images_or_sounds", "frames"):
                    other = " of evaluate.metrics"
                elif rest:
                    other = f", or evaluate.metrics = {rest}"
                else:
                    other = ", or leave it out of evaluate.metrics"
                raise ValueError(f"the metric {name!r} {reason}{other}")


def numbering(metrics: Iterable[str], samples: Images, reference: Images) -> np.ndarray | None:
    """Return the reference's number of each class of the samples; None if no metric needs it."""
    for needs in (set(METRICS[name].needs) for name in metrics):
        if needs & set(WITH_CLASSES) and needs & {"samples", "pixels"}:
            return class_map(samples, reference)
    return None


def _generator(request: Request) -> str:
    if request.generator:
        return ""
    return f"needs a generator, and {request.samples.name} holds images: evaluate a run or a file"


def _logits(request: Request) -> str:
    if request.logits is None or request.logits > 1:
        return ""
    return "needs logits, and this extractor gives none: write another evaluate.extractor"


def _two_classes(request: Request) -> str:
    if len(request.reference.class_names) > 1:
        return ""
    return f"needs two classes, and {request.reference.name} has one class only: give labels"


def _held_out(request: Request) -> str:
    if request.test is not None or tested(request.reference.count):
        return ""
    return (
        f"holds out a tenth of {request.reference.name}, and a tenth of "
        f"{request.reference.count} {request.reference.noun} is none: write evaluate.test_split"
    )


def _sources(request: Request) -> str:
    if request.samples.sources is None:
        return "needs pairs: evaluate a run that translates images (data.medium = 'pairs')"
    return ""


def _windows(request: Request) -> str:
    if min(request.reference.shape[-3:-1]) < WINDOW:
        return f"needs images of {WINDOW} x {WINDOW} pixels or more"
    return ""


def _images(request: Request) -> str:
    shape = request.samples.shape
    if len(shape) == 3:
        return ""
    return f"works on images, and these are samples of {'x'.join(map(str, shape))}: leave it out"


def _images_or_sounds(request: Request) -> str:
    shape = request.samples.shape
    if len(shape) in (2, 3):
        return ""
    size = "x".join(map(str, shape))
    return f"works on images and sounds, and these are samples of {size}: leave it out"


def _frames(request: Request) -> str:
    is_film = len(request.samples.shape) == 4 and request.samples.sources is not None
    return "" if is_film else _images(request)


def _maps(request: Request) -> str:
    if request.samples.sources is not None and request.samples.sources.map_classes:
        return ""
    return "needs label maps: evaluate a run with data.medium = 'maps'"


def _classifier(request: Request) -> str:
    if request.samples.is_classified:
        return ""
    return "needs a classifier: evaluate a run with data.medium = 'adaptation'"


def _events(request: Request) -> str:
    shape = request.samples.shape
    return "" if len(shape) == 2 and shape[1] == 4 else "needs tunes (data.medium = 'events')"


def _luma(request: Request) -> str:
    shape, sources = request.reference.shape, request.samples.sources
    is_image = len(shape) == 3 and shape[2] in (1, 3)
    if sources is None or not is_image or sources.shape[2] != shape[2]:
        return "needs gray or RGB images, enlarged from such (data.medium = 'low_resolution')"
    least = WINDOW + 2 * border(shape[0], sources.shape[0])
    return "" if min(shape[:2]) >= least else f"needs images of {least} x {least} pixels"


def _labels(request: Request) -> tuple[np.ndarray, np.ndarray]:
    """Return the labels of the samples and of the reference, numbered alike."""
    names = class_map(request.samples, request.reference)
    if not len(names):
        raise ValueError(
            f"{request.samples.name} has no classes: metrics by class need labels, leave them out "
            "of evaluate.metrics"
        )
    samples, reference = request.samples.labels, request.reference.labels
    assert samples is not None and reference is not None
    return names[samples[:]], reference[:]


def _named(classes: Iterable[int], request: Request) -> str:
    names = [repr(request.reference.class_names[c]) for c in classes]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _two_a_class(request: Request) -> str:
    small = small_classes(*_labels(request))
    if not small:
        return ""
    return (
        f"needs 2 samples and 2 real {request.reference.noun} of every class, and there are fewer "
        f"of {_named(small, request)}: write a larger evaluate.samples"
    )


def _every_class(request: Request) -> str:
    drawn, real = _labels(request)
    missing = np.setdiff1d(real, drawn).tolist()
    if not missing:
        return ""
    return (
        f"needs samples of every class, and there are none of {_named(missing, request)}: write a "
        "larger evaluate.samples"
    )


def _pair_of_a_class(request: Request) -> str:
    if all(np.bincount(labels).max(initial=0) > 1 for labels in _labels(request)):
        return ""
    word = request.reference.noun
    return f"needs 2 samples and 2 real {word} of some class: write a larger evaluate.samples"


NEEDS: dict[str, Callable[[Request], str]] = {
    "generator": _generator,
    "logits": _logits,
    "sources": _sources,
    "images": _images,
    "images_or_sounds": _images_or_sounds,
    "frames": _frames,
    "maps": _maps,
    "classifier": _classifier,
    "events": _events,
    "windows": _windows,
    "luma": _luma,
    "two_classes": _two_classes,
    "held_out": _held_out,
    "two_a_class": _two_a_class,
    "every_class": _every_class,
    "pair_of_a_class": _pair_of_a_class,
}
