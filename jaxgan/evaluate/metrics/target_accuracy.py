"""The share of labelled images of the target domain whose class a classifier names.

    target_accuracy    mean (class named = class), over evaluate.reference

The labels are read here alone: no training sees them. Also for each class of the images.
"""

import numpy as np

from jaxgan.evaluate.metrics.metric import Inputs, Metric, Scores, needed

NAME = "target_accuracy"


def compute(inputs: Inputs) -> Scores:
    (_, named), (_, true) = needed(inputs.fake_pixels), needed(inputs.real_pixels)
    right = named == true
    by_class = {int(c): float(right[true == c].mean()) for c in np.unique(true)}
    return Scores({NAME: float(right.mean())}, {NAME: by_class})


TARGET_ACCURACY = Metric(
    compute, gives=(NAME,), needs=("pixels", "two_classes", "classifier"), least=(1, 1)
)
