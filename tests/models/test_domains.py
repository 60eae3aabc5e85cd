"""The networks of domain adaptation: the paper's counts, and moments of one domain at a time."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

from jaxgan.media.adaptation import medium
from jaxgan.models import domains
from tests.models.networks import count, shapes_of
from tests.models.test_pix2pix import FAST, drawn
from tests.tiny import spec_of


def spec(size=(16, 16), channels=1, classes=3):
    names = tuple(map(str, range(classes)))
    fields = {"size": size, "channels": 2 * channels, "source_channels": channels, "bits": 8}
    return medium(
        ConfigDict(fields | {"class_names": names, "flip": False, "random_crop": 1.0})
    ).spec


def sides(given=None, **fields):
    config = domains.default_config()
    config.update({"width": 2, "hidden": 4} | fields)
    found = domains.networks(config, spec() if given is None else given)
    return found["generator"], found["discriminator"]


def test_the_papers_networks():
    """Encoder 40,880, classifier 88,010, judge 77,001, for RGB digits of 28 x 28."""
    generator, judge = sides(spec((28, 28), 3, 10), width=32, hidden=100, norm="none")
    shapes = shapes_of(generator)
    assert (count(shapes["encoder"]), count(shapes["classifier"])) == (40_880, 88_010)
    assert count(shapes_of(judge)) == 77_001


def test_calls_are_parts_of_one_network():
    generator, judge = sides()
    assert set(generator.calls) == {"predict", "features", "classify"}  # none makes samples
    params = {"params": drawn(generator)}
    images = jnp.asarray(np.random.default_rng(0).normal(size=(3, 16, 16, 1)), jnp.float32)
    call = lambda name: jax.jit(generator.calls[name], compiler_options=FAST)
    features = call("features")(params, images)
    logits = call("classify")(params, features)
    np.testing.assert_allclose(call("predict")(params, images), logits, rtol=1e-5)
    assert logits.shape == (3, 3)
    assert judge.calls["call"]({"params": drawn(judge)}, features).shape == (3,)


def test_moments_are_of_one_domain():
    """A domain that is brighter and of more contrast gives the same features: its own moments take
    both away. With moments of both domains together it would not."""
    generator, _ = sides()
    params = {"params": drawn(generator)}
    rng = np.random.default_rng(0)
    source = jnp.asarray(rng.normal(size=(4, 16, 16, 1)), jnp.float32)
    target = 3.0 * source + 0.5
    features = jax.jit(generator.calls["features"], compiler_options=FAST)
    apart = features(params, source), features(params, target)
    np.testing.assert_allclose(*apart, atol=1e-4)
    together = np.split(features(params, jnp.concatenate([source, target])), 2)
    assert np.abs(together[0] - together[1]).mean() > 0.1
    moments = generator.moments("predict", params, target)
    standing = {**params, "batch_stats": moments}
    predict = jax.jit(generator.calls["predict"], compiler_options=FAST)
    alone = predict(standing, target[:1])
    np.testing.assert_allclose(alone, predict(params, target)[:1], atol=1e-4)


@pytest.mark.parametrize(
    ("given", "fields", "message"),
    [
        (spec_of((16, 16, 1), 3), {}, "write data.medium = 'adaptation'"),
        (spec(classes=1), {}, "data.class_names has 1 classes: the images of the first domain"),
        (spec((18, 16)), {}, "data.size = 18 x 16: write multiples of 4, 16 at least"),
        (spec(), {"norm": "layer"}, "model.norm = 'layer': write 'batch' or 'none'"),
    ],
)
def test_refusals(given, fields, message):
    with pytest.raises(ValueError, match=message):
        sides(given, **fields)
