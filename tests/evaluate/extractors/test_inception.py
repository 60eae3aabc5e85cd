"""The quirks of the 2015 graph one by one; the whole network meets a peer in tests/peers."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.evaluate.extractors.inception import (
    average_pool,
    folded_weights,
    inception_features,
    max_pool,
    tensorflow_bilinear,
)


def tensors_of_the_file() -> dict[str, tuple[int, ...]]:
    """Return the shapes of all 94 convolutions, written from the paper's figures 5 to 7."""
    shapes = {}

    def add(name, n_in, n_out, height=1, width=None):
        shapes[name] = (n_out, n_in, height, height if width is None else width)

    add("Conv2d_1a_3x3", 3, 32, 3)
    add("Conv2d_2a_3x3", 32, 32, 3)
    add("Conv2d_2b_3x3", 32, 64, 3)
    add("Conv2d_3b_1x1", 64, 80)
    add("Conv2d_4a_3x3", 80, 192, 3)
    for at, n, pool in (("5b", 192, 32), ("5c", 256, 64), ("5d", 288, 64)):
        at = f"Mixed_{at}.branch"
        add(at + "1x1", n, 64)
        add(at + "5x5_1", n, 48)
        add(at + "5x5_2", 48, 64, 5)
        add(at + "3x3dbl_1", n, 64)
        add(at + "3x3dbl_2", 64, 96, 3)
        add(at + "3x3dbl_3", 96, 96, 3)
        add(at + "_pool", n, pool)
    add("Mixed_6a.branch3x3", 288, 384, 3)
    add("Mixed_6a.branch3x3dbl_1", 288, 64)
    add("Mixed_6a.branch3x3dbl_2", 64, 96, 3)
    add("Mixed_6a.branch3x3dbl_3", 96, 96, 3)
    for at, c in (("6b", 128), ("6c", 160), ("6d", 160), ("6e", 192)):
        at = f"Mixed_{at}.branch"
        add(at + "1x1", 768, 192)
        add(at + "7x7_1", 768, c)
        add(at + "7x7_2", c, c, 1, 7)
        add(at + "7x7_3", c, 192, 7, 1)
        add(at + "7x7dbl_1", 768, c)
        for i, (height, width, n_out) in enumerate(((7, 1, c), (1, 7, c), (7, 1, c), (1, 7, 192))):
            add(f"{at}7x7dbl_{i + 2}", c, n_out, height, width)
        add(at + "_pool", 768, 192)
    add("Mixed_7a.branch3x3_1", 768, 192)
    add("Mixed_7a.branch3x3_2", 192, 320, 3)
    add("Mixed_7a.branch7x7x3_1", 768, 192)
    add("Mixed_7a.branch7x7x3_2", 192, 192, 1, 7)
    add("Mixed_7a.branch7x7x3_3", 192, 192, 7, 1)
    add("Mixed_7a.branch7x7x3_4", 192, 192, 3)
    for at, n in (("7b", 1280), ("7c", 2048)):
        at = f"Mixed_{at}.branch"
        add(at + "1x1", n, 320)
        add(at + "3x3_1", n, 384)
        add(at + "3x3dbl_1", n, 448)
        add(at + "3x3dbl_2", 448, 384, 3)
        for branch in ("3x3_2", "3x3dbl_3"):
            add(f"{at}{branch}a", 384, 384, 1, 3)
            add(f"{at}{branch}b", 384, 384, 3, 1)
        add(at + "_pool", n, 192)
    return shapes


def test_every_tensor_has_its_place():
    shapes = tensors_of_the_file()
    assert len(shapes) == 94
    weights = {
        name: {
            "kernel": jax.ShapeDtypeStruct((h, w, n_in, n_out), jnp.float32),
            "bias": jax.ShapeDtypeStruct((n_out,), jnp.float32),
        }
        for name, (n_out, n_in, h, w) in shapes.items()
    }
    weights["fc"] = {"kernel": jax.ShapeDtypeStruct((2048, 1008), jnp.float32)}
    images = jax.ShapeDtypeStruct((5, 299, 299, 3), jnp.float32)
    features, logits = jax.eval_shape(inception_features, weights, images)
    assert features.shape == (5, 2048) and logits.shape == (5, 1008)


def test_folding_is_batch_norm_after_convolution():
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(4, 3, 1, 1)).astype(np.float32)
    norm = {k: rng.random(4).astype(np.float32) for k in ("weight", "bias")}
    norm |= {"running_mean": rng.normal(size=4), "running_var": rng.random(4) + 0.1}
    tensors = {"a.conv.weight": kernel, **{f"a.bn.{k}": v for k, v in norm.items()}}
    tensors["fc.weight"] = rng.normal(size=(5, 2))
    folded = folded_weights(tensors)
    x = rng.normal(size=3)
    y = (kernel[:, :, 0, 0] @ x - norm["running_mean"]) / np.sqrt(norm["running_var"] + 1e-3)
    expected = y * norm["weight"] + norm["bias"]
    np.testing.assert_allclose(
        x @ folded["a"]["kernel"][0, 0] + folded["a"]["bias"], expected, 1e-5
    )
    assert folded["fc"]["kernel"].shape == (2, 5)


def windows(x):
    """Return the 3x3 windows of a plane, outside pixels NaN: [h, w, 3, 3]."""
    padded = np.pad(x, 1, constant_values=np.nan)
    return np.lib.stride_tricks.sliding_window_view(padded, (3, 3))


def test_pools_ignore_what_is_outside():
    x = np.random.default_rng(1).normal(size=(5, 6)).astype(np.float32) - 10
    found = average_pool(jnp.asarray(x)[None, :, :, None])[0, :, :, 0]
    np.testing.assert_allclose(found, np.nanmean(windows(x), axis=(2, 3)), rtol=1e-6)
    found = max_pool(jnp.asarray(x)[None, :, :, None], stride=1, padding="SAME")[0, :, :, 0]
    np.testing.assert_array_equal(found, np.nanmax(windows(x), axis=(2, 3)))
    found = max_pool(jnp.asarray(x)[None, :, :, None])[0, :, :, 0]
    np.testing.assert_array_equal(found, np.nanmax(windows(x), axis=(2, 3))[1:-1:2, 1:-1:2])


def test_resizing_as_tensorflow_1():
    """Output i samples input i * in / out, by hand: no half-pixel shift, the edge is repeated."""
    row = jnp.asarray([0.0, 10.0, 40.0])
    found = tensorflow_bilinear(jnp.tile(row[None, None, :, None], (1, 2, 1, 1)), 6)
    np.testing.assert_allclose(found[0, 0, :, 0], [0, 5, 10, 25, 40, 40], atol=1e-5)
    # Shrinking picks pixels: no antialiasing.
    ramp = jnp.arange(12.0).reshape(1, 1, 12, 1)
    np.testing.assert_allclose(tensorflow_bilinear(ramp, 3)[0, 0, :, 0], [0, 4, 8], atol=1e-5)
