"""Every metric by its name in evaluate.metrics; a new one is one more line here."""

from jaxgan.evaluate.metrics.accuracy_score import ACCURACY_SCORE
from jaxgan.evaluate.metrics.cmmd import CMMD
from jaxgan.evaluate.metrics.copies import COPIES
from jaxgan.evaluate.metrics.frechet import FD, FD_INFINITY
from jaxgan.evaluate.metrics.inception_score import IS
from jaxgan.evaluate.metrics.interpolation import INTERPOLATION
from jaxgan.evaluate.metrics.kid import KD
from jaxgan.evaluate.metrics.luma import LUMA
from jaxgan.evaluate.metrics.metric import Metric
from jaxgan.evaluate.metrics.paired import PAIRED
from jaxgan.evaluate.metrics.per_class import FD_PER_CLASS
from jaxgan.evaluate.metrics.precision_recall import PRECISION_RECALL
from jaxgan.evaluate.metrics.probe import PROBE
from jaxgan.evaluate.metrics.recognition import RECOGNITION
from jaxgan.evaluate.metrics.retrieval import RETRIEVAL, RETRIEVAL_FEATURES
from jaxgan.evaluate.metrics.segmentation import SEGMENTATION
from jaxgan.evaluate.metrics.sliced import MIND
from jaxgan.evaluate.metrics.target_accuracy import TARGET_ACCURACY
from jaxgan.evaluate.metrics.tunes import TUNES

METRICS: dict[str, Metric] = {
    "fd": FD,
    "kd": KD,
    "is": IS,
    "precision_recall": PRECISION_RECALL,
    "fd_infinity": FD_INFINITY,
    "mind": MIND,
    "cmmd": CMMD,
    "fd_per_class": FD_PER_CLASS,
    "accuracy_score": ACCURACY_SCORE,
    "copies": COPIES,
    "recognition": RECOGNITION,
    "interpolation": INTERPOLATION,
    "probe": PROBE,
    "paired": PAIRED,
    "luma": LUMA,
    "retrieval": RETRIEVAL,
    "retrieval_features": RETRIEVAL_FEATURES,
    "segmentation": SEGMENTATION,
    "target_accuracy": TARGET_ACCURACY,
    "tunes": TUNES,
}
# The others run only on request: they cost more, or need labels or a generator.
DEFAULT_METRICS = ("fd", "kd", "is", "precision_recall")
