"""What a feature extractor is: images -> (features, logits), and the name and hash of its weights.

An extractor is a value. Its weights are an argument of the function, never constants inside it
(closed-over weights took minutes of constant folding). Resizing is part of the function and named
in `protocol`, because it alone shifts every score.

Images are rounded to 8 bits first, so that samples score the same in memory and in a folder.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

PyTree = Any


class Extractor(NamedTuple):
    """A function from images to features.

    Fields:
      name: part of every metric's name: fd_<name>, kd_<name>, is_<name>.
      weights: the arrays that `apply` takes first.
      apply: (weights, images [n, height, width, 1 or 3] float32 in [-1, 1]) ->
        (features [n, d] float32, logits [n, k] float32, k = 0 if it has none). Traceable by jit.
      sha256: of the weights file (or of the source file that defines your function).
      protocol: input size, resizing and whatever else decides the numbers; plain JSON values.
    """

    name: str
    weights: PyTree
    apply: Callable[[PyTree, jax.Array], tuple[jax.Array, jax.Array]]
    sha256: str
    protocol: dict[str, Any]


def output_widths(extractor: Extractor, shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the number of features and of logits for an image of `shape`; nothing is computed.

    Raises:
      ValueError: the function does not return (features [n, d], logits [n, k]).
    """
    images = jax.ShapeDtypeStruct((2, *shape), jnp.float32)
    found = jax.eval_shape(extractor.apply, extractor.weights, images)
    shapes = [x.shape for x in jax.tree.leaves(found)]
    if len(shapes) != 2 or any(len(s) != 2 or s[0] != 2 for s in shapes) or not shapes[0][1]:
        raise ValueError(
            f"extractor {extractor.name!r} gives {shapes} for 2 images: return "
            "(features [n, d], logits [n, k]), k = 0 if there are none"
        )
    return shapes[0][1], shapes[1][1]


def check_independent(extractor: Extractor, shape: tuple[int, ...]) -> None:
    """Raise ValueError if an image's features depend on the other images of its batch.

    Batch norm with the batch's own moments and minibatch layers do that: every number would depend
    on the batch size, the order and the padding of the last batch. It is tested with one image
    beside two different ones.
    """
    rng = np.random.default_rng(0)
    one, other, another = rng.uniform(-1, 1, (3, *shape)).astype(np.float32)
    apply = jax.jit(extractor.apply)
    first, second = (
        np.asarray(apply(extractor.weights, np.stack([one, x]))[0][0]) for x in (other, another)
    )
    if not np.allclose(first, second, rtol=1e-4, atol=1e-6 * np.abs(first).max()):
        raise ValueError(
            f"extractor {extractor.name!r} gives an image features that depend on the other images "
            "of its batch (batch norm, or a minibatch layer): write another evaluate.extractor"
        )


def metric_name(metric: str, extractor: Extractor) -> str:
    """Return the name of a metric with this extractor.

    Only numbers from the original Inception network get the bare names fid, kid and is.
    """
    if extractor.name == "inception" and metric in ("fd", "kd", "is"):
        return {"fd": "fid", "kd": "kid", "is": "is"}[metric]
    return f"{metric}_{extractor.name}"


def rgb_bytes(images: jax.Array) -> jax.Array:
    """Return images as RGB levels, integers from 0 to 255 in float32, [n, height, width, 3].

    Args:
      images: [n, height, width, channels] float32 in [-1, 1]; one channel is repeated.
    """
    channels = images.shape[-1] if images.ndim == 4 else None
    if channels not in (1, 3) or images.dtype != jnp.float32:
        raise ValueError(
            f"images are {images.dtype}{list(images.shape)}: an extractor takes float32 "
            "[n, height, width, channels] in [-1, 1] with 1 channel (gray) or 3 (RGB); write a "
            "function of your own (evaluate.extractor = 'package.module:function') for others"
        )
    levels = jnp.clip(jnp.round((images + 1.0) * 127.5), 0.0, 255.0)
    return jnp.broadcast_to(levels, (*images.shape[:-1], 3))
