"""A classifier's predictions on labelled images, as `Images` with its labels instead of their
own."""

import dataclasses

import jax
import numpy as np

from jaxgan.evaluate.images import Images
from jaxgan.evaluate.samples import tree_hash
from jaxgan.trained.classifier import Classifier


def predictions(classifier: Classifier, images: Images) -> Images:
    """Return the images with the classes that a classifier predicts."""
    if images.shape != classifier.image_shape:
        raise ValueError(
            f"evaluate.reference: {images.name} has images of {list(images.shape)}, the run's are "
            f"{list(classifier.image_shape)}: prepare it with the same --channels"
        )

    def read(indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        pixels, _ = images.read(indices)
        return pixels, classifier.classify(np.asarray(pixels))

    facts = {
        "step": classifier.step,
        "weights": tree_hash(
            jax.device_get(classifier.variables), classifier.config.model.to_dict()
        ),
    }
    return dataclasses.replace(
        images,
        name="classified images",
        class_names=classifier.class_names,
        digest="",
        read=read,
        facts=facts,
        is_classified=True,
    )
