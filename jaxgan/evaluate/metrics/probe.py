"""Classifiers on frozen features: how much a representation knows about the labels.

    ridge     argmin |X W - onehot(y)|^2 + l2 |W|^2, closed form, float64
    logistic  argmin mean cross-entropy + l2/2 |W|^2, L-BFGS, float32
    k-NN      majority among the k nearest training images

`crelu` doubles the number of features: concat(relu(x'), relu(-x')) for standardised features x',
the "BN+CReLU" of BigBiGAN (arXiv 1907.02544).

All classifiers take (train_features [n, d], train_labels [n] int, test_features [m, d], classes)
and return the predicted labels [m]. The linear ones standardise features by the training set and
have a bias without penalty.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxgan.devices import compiler
from jaxgan.evaluate.metrics.checks import labels_of, pair
from jaxgan.evaluate.metrics.held_out import divided_features
from jaxgan.evaluate.metrics.metric import Inputs, Metric, Scores, needed
from jaxgan.evaluate.metrics.neighbours import nearest


def accuracy(predicted: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of correct predictions.

    >>> accuracy(np.array([0, 1, 1, 2]), np.array([0, 1, 2, 2]))
    0.75
    """
    if np.shape(predicted) != np.shape(labels) or not len(labels):
        raise ValueError(
            f"{len(predicted)} predictions and {len(labels)} labels: give as many of both, at "
            "least one"
        )
    return float(np.mean(predicted == labels))


def ridge_labels(
    train_features: np.ndarray,
    train_labels: np.ndarray,
    test_features: np.ndarray,
    classes: int,
    l2: float = 1.0,
) -> np.ndarray:
    """Predict by ridge regression to one-hot targets; l2 weighs against the sum over images."""
    labels_in(train_labels, len(train_features), classes)
    train, test = _standardized(train_features, test_features)
    targets = np.eye(classes)[train_labels]
    offset = targets.mean(axis=0)
    gram = train.T @ train + l2 * np.eye(train.shape[1])
    weights = np.linalg.solve(gram, train.T @ (targets - offset))
    return (test @ weights + offset).argmax(axis=1)


def logistic_labels(
    train_features: np.ndarray,
    train_labels: np.ndarray,
    test_features: np.ndarray,
    classes: int,
    l2: float = 1e-3,
) -> np.ndarray:
    """Predict by multinomial logistic regression; l2 weighs against the mean over images."""
    labels_in(train_labels, len(train_features), classes)
    train, test = _standardized(train_features, test_features)
    weights = _logistic_weights(
        train.astype(np.float32), np.asarray(train_labels, np.int32), classes, l2
    )
    kernel, bias = jax.device_get(weights)
    return (test @ kernel + bias).argmax(axis=1)


@partial(compiler.jit, static_argnums=(2, 3))
def _logistic_weights(features, labels, classes: int, l2: float, steps: int = 500):
    """Return (kernel [d, classes], bias [classes]) where the gradient vanishes."""

    def loss(weights):
        kernel, bias = weights
        logits = features @ kernel + bias[None]
        entropy = optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()
        return entropy + l2 / 2 * jnp.sum(kernel**2)

    solver = optax.lbfgs()
    value_and_grad = optax.value_and_grad_from_state(loss)
    start = (jnp.zeros((features.shape[1], classes)), jnp.zeros(classes))

    def unfinished(carry):
        step, _weights, _state, grad_norm = carry
        return (step < steps) & (grad_norm > 1e-5)

    def improve(carry):
        step, weights, state, _ = carry
        value, grad = value_and_grad(weights, state=state)
        updates, state = solver.update(grad, state, weights, value=value, grad=grad, value_fn=loss)
        return step + 1, optax.apply_updates(weights, updates), state, optax.tree.norm(grad)

    carry = (0, start, solver.init(start), jnp.float32(jnp.inf))
    return jax.lax.while_loop(unfinished, improve, carry)[1]


def neighbour_labels(
    train_features: np.ndarray,
    train_labels: np.ndarray,
    test_features: np.ndarray,
    classes: int,
    k: int = 5,
) -> np.ndarray:
    """Predict by majority of the k nearest; a tie goes to the class of the nearest image."""
    labels_in(train_labels, len(train_features), classes)
    _, indices = nearest(test_features, train_features, k)
    votes = np.zeros((len(test_features), classes))
    rows = np.arange(len(test_features))
    for column in range(k):
        # Nearer votes weigh a little more, which breaks ties but changes no majority.
        votes[rows, train_labels[indices[:, column]]] += 1.0 + 2.0**-column / (2 * k)
    return votes.argmax(axis=1)


def crelu(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the positive and negative parts of features, standardised by the training set."""
    both = _standardized(train, test)
    parts = [np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)], axis=1) for x in both]
    return parts[0], parts[1]


def _standardized(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scale both by the mean and deviation of the training features, float64."""
    pair("train_features", train, "test_features", test)
    mean, deviation = train.mean(axis=0, dtype=np.float64), train.std(axis=0, dtype=np.float64)
    scale = np.where(deviation > 0, deviation, 1.0)  # a constant feature stays zero
    return (train - mean) / scale, (test - mean) / scale


def labels_in(labels: np.ndarray, count: int, classes: int) -> None:
    """Raise ValueError unless labels are [count] integers in [0, classes)."""
    labels = labels_of("train_labels", labels, count)
    if count and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(
            f"train_labels from {labels.min()} to {labels.max()}: write 0 to {classes - 1}"
        )


def scores(inputs: Inputs) -> Scores:
    """Compute how well labels can be read from the features of real images."""
    train, test = divided_features(needed(inputs.real), inputs.test, inputs.seed)
    k = min(5, len(train[0]))
    linear = logistic_labels(*train, test[0], inputs.classes)
    near = neighbour_labels(*train, test[0], inputs.classes, k)
    return Scores({
        "linear_probe*": accuracy(linear, test[1]),
        "knn*": accuracy(near, test[1]),
    })  # fmt: skip


PROBE = Metric(
    scores, gives=("linear_probe*", "knn*"), needs=("reference", "two_classes", "held_out")
)
