"""A classifier's accuracy on labelled images of the target domain.

    target_accuracy    mean (predicted class = class), over evaluate.reference

Only here are the labels read: no training sees them. Also given for each class.
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
