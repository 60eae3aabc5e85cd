import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

from jaxgan.evaluate.extractors.extractor import Extractor
from jaxgan.evaluate.features import extract, features_of_arrays

SHAPE = (4, 4, 3)
WEIGHTS = np.random.default_rng(0).normal(size=(48, 7)).astype(np.float32)


def apply(weights, images):
    flat = images.reshape(len(images), -1)
    return jnp.tanh(flat @ weights), flat[:, :5]


EXTRACTOR = Extractor("tiny", WEIGHTS, apply, "0" * 64, {})


def images(count, seed=1):
    return np.random.default_rng(seed).uniform(-1, 1, (count, *SHAPE)).astype(np.float32)


def split(x, size):
    return [x[i : i + size] for i in range(0, len(x), size)]


def mesh():
    return jax.make_mesh((4, 2), ("data", "fsdp"), axis_types=(AxisType.Auto,) * 2)


@pytest.mark.parametrize("size", [64, 50, 7, 200])
def test_one_pass_is_numpy(size):
    x = images(150)
    found = extract(split(x, size), EXTRACTOR)
    flat = x.reshape(150, -1)
    assert found.count == 150 and found.labels is None
    np.testing.assert_allclose(found.features, np.tanh(flat @ WEIGHTS), atol=1e-5)
    np.testing.assert_array_equal(found.logits, flat[:, :5])
    exact = features_of_arrays(found.features)
    np.testing.assert_allclose(found.mean, exact.mean, rtol=0, atol=2e-9)
    np.testing.assert_allclose(found.covariance, exact.covariance, rtol=0, atol=2e-9)


def test_one_device_is_eight_devices():
    x, labels = images(150), np.arange(150, dtype=np.int32)
    batches = list(zip(split(x, 64), split(labels, 64), strict=True))
    one, eight = extract(batches, EXTRACTOR), extract(batches, EXTRACTOR, mesh=mesh())
    for a, b in zip(one, eight, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-6)


def test_sharded_batches_stay_where_they_are():
    x, where = images(96), NamedSharding(mesh(), P(("data", "fsdp")))
    sharded = [jax.device_put(part, where) for part in split(x, 48)]
    found = extract(sharded, EXTRACTOR, mesh=mesh())
    np.testing.assert_allclose(found.features, extract([x], EXTRACTOR).features, atol=1e-6)


def test_batches_that_grow_and_empty_ones():
    x = images(60)
    parts = [x[:3], x[3:3], x[3:40], x[40:]]
    found = extract(iter(parts), EXTRACTOR)
    np.testing.assert_allclose(found.features, extract([x], EXTRACTOR).features, atol=1e-6)
    # Of these very features: those of a batch of another size differ by float32's rounding.
    exact = features_of_arrays(found.features)
    np.testing.assert_allclose(found.mean, exact.mean, rtol=0, atol=2e-9)


def test_keep_bounds_the_host_not_the_moments():
    x, labels = images(100), np.arange(100, dtype=np.int32) % 3
    batches = list(zip(split(x, 30), split(labels, 30), strict=True))
    found, whole = extract(batches, EXTRACTOR, keep=45), extract(batches, EXTRACTOR)
    assert found.features.shape == (45, 7) and found.logits.shape == (45, 5)
    np.testing.assert_array_equal(found.labels, labels[:45])
    np.testing.assert_array_equal(found.features, whole.features[:45])
    assert found.count == 100 and whole.features.shape == (100, 7)
    np.testing.assert_array_equal(found.mean, whole.mean)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_features_that_are_not_finite_name_the_batch(bad):
    parts = split(images(120), 30)
    parts[2][5] = bad
    unbounded = EXTRACTOR._replace(apply=lambda w, x: (x.reshape(len(x), -1) @ w, x[:, 0, 0]))
    with pytest.raises(ValueError, match="batch 2: features that are not finite"):
        extract(parts, unbounded)


def test_bad_sources():
    with pytest.raises(ValueError, match="no images to evaluate"):
        extract([], EXTRACTOR)
    with pytest.raises(ValueError, match=r"batch 1 has images of \[5, 4, 3\].*\[4, 4, 3\]"):
        extract([images(8), np.zeros((8, 5, 4, 3), np.float32)], EXTRACTOR)
    with pytest.raises(ValueError, match="1 images: a covariance needs at least 2"):
        extract([images(1)], EXTRACTOR)
    with pytest.raises(ValueError, match="8 labels for 16 images"):
        extract([(images(8), np.zeros(8, np.int32)), images(8)], EXTRACTOR)


def test_a_second_pass_compiles_nothing():
    traces = []

    def counted(weights, x):
        traces.append(1)
        return apply(weights, x)

    extractor = EXTRACTOR._replace(apply=counted)
    for seed in (1, 2):
        extract(split(images(40, seed), 16), extractor)
    assert len(traces) == 1
