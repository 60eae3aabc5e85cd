"""The layers of BigGAN in float64 numpy, written from the formulas: an independent computation.

Images are [b, h, w, c], kernels [kh, kw, in, out] or [in, out]. `p` is a part of a parameter tree.
"""

import jax
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict


def float64(tree):
    return jax.tree.map(lambda x: np.asarray(x, np.float64), tree)


def random_like(shapes, seed: int, scale: float = 0.15):
    """Return float32 parameters of which nothing is zero, one or orthogonal."""
    rng = np.random.default_rng(seed)
    flat = flatten_dict(shapes, sep="/")
    new = {p: scale * rng.normal(size=x.shape) for p, x in sorted(flat.items())}
    new = {p: x + (p == "norm/gain" or p.endswith("gamma")) for p, x in new.items()}
    return unflatten_dict({p: np.asarray(x, np.float32) for p, x in new.items()}, sep="/")


def relu(x):
    return np.maximum(x, 0)


def leaky(x):
    return np.where(x > 0, x, 0.2 * x)


def up(x):
    return x.repeat(2, axis=1).repeat(2, axis=2)


def down(x):
    return (x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]) / 4


def max_pool(x):
    pairs = np.maximum(x[:, ::2], x[:, 1::2])
    return np.maximum(pairs[:, :, ::2], pairs[:, :, 1::2])


def linear(x, p):
    return x @ p["kernel"] + p.get("bias", 0)


def conv(x, p):
    kernel = p["kernel"]
    size = kernel.shape[0]
    h, w = x.shape[1:3]
    edge = size // 2
    x = np.pad(x, ((0, 0), (edge, edge), (edge, edge), (0, 0)))
    taps = ((i, j) for i in range(size) for j in range(size))
    y = sum(x[:, i : i + h, j : j + w] @ kernel[i, j] for i, j in taps)
    return y + p.get("bias", 0)


def batch_norm(x, gain, bias, eps=1e-4, stats=None):
    mean, var = (x.mean((0, 1, 2)), x.var((0, 1, 2))) if stats is None else stats
    normal = (x - mean) / np.sqrt(var + eps)
    return gain.reshape(-1, 1, 1, x.shape[-1]) * normal + bias.reshape(-1, 1, 1, x.shape[-1])


def conditional_batch_norm(x, condition, p):
    if condition is None:
        return batch_norm(x, p["norm"]["gain"], p["norm"]["bias"])
    if condition.ndim == 1:  # labels: rows of a gain and a bias for each class
        gain, bias = p["gain"]["embedding"][condition], p["bias"]["embedding"][condition]
    else:
        gain, bias = linear(condition, p["gain"]), linear(condition, p["bias"])
    return batch_norm(x, 1 + gain, bias)


def attention(x, p):
    b, h, w, c = x.shape
    queries = conv(x, p["theta"]).reshape(b, h * w, c // 8)
    keys = max_pool(conv(x, p["phi"])).reshape(b, h * w // 4, c // 8)
    values = max_pool(conv(x, p["g"])).reshape(b, h * w // 4, c // 2)
    scores = queries @ keys.transpose(0, 2, 1)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    return x + p["gamma"] * conv((weights @ values).reshape(b, h, w, c // 2), p["out"])


def projection(x, labels, p, activation=relu):
    """Return w . f + c + <V[y], f> with f the sum over space of the activated map."""
    features = activation(x).sum((1, 2))
    logits = linear(features, p["linear"])[:, 0]
    rows = p["projection"]["embedding"][labels] if "projection" in p else 0 * features
    return logits + (rows * features).sum(-1)
