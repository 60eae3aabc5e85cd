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
    for name, value in vars(one).items():
        np.testing.assert_allclose(value, getattr(eight, name), rtol=0, atol=1e-6, err_msg=name)


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


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("devices", [1, 8])
def test_values_that_are_not_finite_name_the_image(bad, devices):
    """In the images (whatever the extractor makes of them), the features or the logits."""
    where = mesh() if devices == 8 else None
    parts = split(images(120), 30)
    parts[2][[5, 9], 0, 0, 0] = bad
    blind = EXTRACTOR._replace(apply=lambda w, x: (jnp.ones((len(x), 3)), jnp.ones((len(x), 2))))
    with pytest.raises(ValueError, match=r"^image 65 is not finite"):
        extract(parts, blind, mesh=where)
    parts[2][[5, 9], 0, 0, 0] = -5.0
    seen = lambda x: jnp.where(x[:, 0, 0, :1] == -5.0, bad, x[:, 0, 0, :1])
    for output, words in ((0, "gives features"), (1, "gives logits")):
        apply = lambda w, x, n=output: (seen(x), x[:, 0, 0]) if n == 0 else (x[:, 0, 0], seen(x))
        with pytest.raises(ValueError, match=f"^image 65 {words} that are not finite"):
            extract(parts, EXTRACTOR._replace(apply=apply), mesh=where)


@pytest.mark.parametrize("size", [5, 16, 30])
def test_an_extractor_without_logits_on_one_device(size):
    """Batches above 8 images go through a CPU in chunks, whose logits have no column."""
    plain = EXTRACTOR._replace(apply=lambda w, x: (apply(w, x)[0], x[:, 0, 0, :0]))
    found = extract(split(images(60), size), plain)
    assert found.logits.shape == (60, 0)
    np.testing.assert_allclose(found.features, extract([images(60)], EXTRACTOR).features, atol=1e-6)


def test_features_that_you_have_are_checked():
    x = np.eye(4)
    with pytest.raises(ValueError, match=r"features, row 2 \(of 4\): not finite"):
        features_of_arrays(_spoilt(x, 2))
    with pytest.raises(ValueError, match=r"logits, row 1 \(of 4\): not finite"):
        features_of_arrays(x, logits=_spoilt(x, 1))
    with pytest.raises(ValueError, match=r"logits of shape \(3, 4\): write \[4, k\]"):
        features_of_arrays(x, logits=x[:3])
    with pytest.raises(ValueError, match=r"labels is int64\[3\]: write integers \[4\]"):
        features_of_arrays(x, labels=np.arange(3))
    with pytest.raises(ValueError, match="features has 1 rows: write 2 or more"):
        features_of_arrays(x[:1])


def _spoilt(x, row):
    x = x.copy()
    x[row:, 1] = np.nan
    return x


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
