"""A classifier of sounds, trained on the reference when it is requested.

`evaluate.extractor = "classifier"` needs no weights: a small network (convnet.py) learns the
classes of the reference from nine tenths of it and is tested on the rest; its accuracy is in the
protocol. Features are the inputs of its last layer, logits those of the classes. So is_classifier
is like the Inception Score of WaveGAN (arXiv 1802.04208), but with another classifier, and not
comparable with that paper's: it lies between 1 and the number of classes, and should be read beside
the real sounds' own (tests/demos/digits.py). The score depends on how sure the classifier is: after
10 epochs it is right about all of 416 spoken digits, but their score is 7.3; after 20 it is 9.4.
"""

import hashlib

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.devices import compiler
from jaxgan.evaluate.extractors.convnet import Params, convnet, trained
from jaxgan.evaluate.extractors.extractor import Extractor
from jaxgan.evaluate.extractors.heard import LEAST, heard
from jaxgan.evaluate.images import Images
from jaxgan.evaluate.metrics.held_out import divided
from jaxgan.media.waves import SCALE

EPOCHS, AT_ONCE = 20, 500  # AT_ONCE: waves per call


def classifier(reference: Images, seed: int = 0) -> Extractor:
    """Return the extractor for a reference of labelled waves.

    Raises ValueError for samples that are not waves, or of one class.
    """
    classes = len(reference.class_names)
    if len(reference.shape) != 2 or classes < 2:
        size = "x".join(map(str, reference.shape))
        raise ValueError(
            f"evaluate.extractor = 'classifier' learns the classes of sounds, and {reference.name} "
            f"holds samples of {size} in {classes} class(es): write another extractor"
        )
    see = compiler.jit(lambda stored: heard(stored.astype(jnp.float32) / SCALE))
    parts = [(np.asarray(see(waves)), labels) for waves, labels in reference.batches(AT_ONCE)]
    seen, labels = (np.concatenate(x) for x in zip(*parts, strict=True))
    train, test = divided(seen, labels, seed)
    weights = jax.device_get(trained(*train, classes, EPOCHS, seed=seed))

    def apply(weights: Params, waves: jax.Array) -> tuple[jax.Array, jax.Array]:
        return convnet(weights, heard(waves), classes)

    _, logits = compiler.jit(lambda images: convnet(weights, images, classes))(test[0])
    right = float((np.asarray(logits).argmax(1) == test[1]).mean())
    digest = hashlib.sha256(b"".join(np.asarray(x).tobytes() for x in jax.tree.leaves(weights)))
    protocol = {"trained_on": reference.digest, "epochs": EPOCHS, "least_decibels": LEAST}
    protocol |= {"classes": classes, "accuracy": right, "tested": len(test[1])}
    return Extractor("classifier", weights, apply, digest.hexdigest(), protocol)
