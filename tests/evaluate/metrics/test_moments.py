import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

from jaxgan.evaluate.metrics.moments import add_batch, empty_moments, mean_and_covariance


def stream(features: np.ndarray, batch: int, place=lambda x: x):
    """Run the moments over batches, the last one padded with rubbish that the mask hides."""
    moments, step = None, jax.jit(add_batch)
    for start in range(0, len(features), batch):
        part = features[start : start + batch]
        mask = np.arange(batch) < len(part)
        part = np.concatenate([part, np.full((batch - len(part), part.shape[1]), 1e6, np.float32)])
        part, mask = place(part), place(mask)
        moments = jax.jit(empty_moments)(part, mask) if moments is None else moments
        moments = step(moments, part, mask)
    return moments


def worst_error(moments, features):
    """Return the largest error of the mean and of the covariance, in standard deviations."""
    mean, covariance = mean_and_covariance(moments, len(features))
    exact = features.astype(np.float64)
    expected = np.cov(exact, rowvar=False)
    scale = np.sqrt(np.diag(expected))
    scale = np.where(scale > 0, scale, 1.0)
    return (
        np.abs((mean - exact.mean(axis=0)) / scale).max(),
        np.abs((covariance - expected) / np.outer(scale, scale)).max(),
    )


DATA = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "far from zero": lambda rng, shape: 1000 + rng.normal(size=shape),
    "mixed scales": lambda rng, shape: rng.normal(size=shape) * 10.0 ** rng.integers(-6, 7, 24),
    "sparse": lambda rng, shape: np.maximum(rng.normal(size=shape) - 1, 0),
    "constant column": lambda rng, shape: rng.normal(size=shape) * (np.arange(24) > 0) + 0.1,
}


@pytest.mark.parametrize("name", DATA)
def test_moments_are_float64_accurate(name):
    features = DATA[name](np.random.default_rng(0), (1500, 24)).astype(np.float32)
    mean_error, covariance_error = worst_error(stream(features, 256), features)
    # What float32 still rounds: sums of 256 products x * rest, rest about 2^-8 deviations. Each
    # addition rounds by about 1e-8, so 2 * sqrt(1500) * 1e-8 / 1500 = 5e-10 typical, 4 times that
    # the worst of 576 entries. Plain float32 gives 1e-7 at best.
    assert mean_error < 1e-9 and covariance_error < 2e-9


def test_plain_float32_would_not_do():
    features = DATA["far from zero"](np.random.default_rng(0), (1500, 24)).astype(np.float32)
    assert np.abs(np.cov(features, rowvar=False, dtype=np.float32) - np.eye(24)).max() < 0.2
    products = features.T @ features / 1500 - np.outer(features.mean(0), features.mean(0))
    assert np.abs(products - np.cov(features, rowvar=False)).max() > 1e-3


def test_device_count_changes_nothing():
    features = DATA["sparse"](np.random.default_rng(1), (900, 24)).astype(np.float32)
    mesh = jax.make_mesh((8,), ("data",), axis_types=(AxisType.Auto,))
    split = NamedSharding(mesh, P("data"))
    one = stream(features, 128)
    eight = stream(features, 128, lambda x: jax.device_put(x, split))
    # Whole numbers add up exactly in any order; only the remainders' sums round differently.
    for a, b in zip(mean_and_covariance(one, 900), mean_and_covariance(eight, 900), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-10)


def test_large_batches_stay_exact():
    features = np.random.default_rng(2).normal(size=(4096, 24)).astype(np.float32)
    # 7 bits instead of 9: remainders, and what is rounded, are 4 times larger.
    assert max(worst_error(stream(features, 4096), features)) < 8e-9


def test_one_image_has_no_covariance():
    moments = empty_moments(jnp.ones((1, 3)), jnp.ones(1, bool))
    with pytest.raises(ValueError, match="1 images: a covariance needs at least 2"):
        mean_and_covariance(moments, 1)
