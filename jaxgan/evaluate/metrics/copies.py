"""The metric "copies": the shares of samples that copy a training image, or another sample."""

from jaxgan.evaluate.metrics.metric import Inputs, Metric, Scores, needed
from jaxgan.evaluate.metrics.neighbours import copy_rates


def scores(inputs: Inputs) -> Scores:
    """Compute both shares; see neighbours.py."""
    found = copy_rates(
        needed(inputs.fake).features,
        needed(inputs.real).features,
        training_distances=inputs.real_distances,
    )
    return Scores({"memorised*": found["memorised"], "repeated*": found["repeated"]})


COPIES = Metric(
    scores, gives=("memorised*", "repeated*"), needs=("samples", "reference", "distances")
)
