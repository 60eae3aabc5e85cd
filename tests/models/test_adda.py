"""ADDA's networks: the paper's counts; the target's encoder is a copy at the start, the source's is
held."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.models import adda
from tests.models.networks import count, shapes_of
from tests.models.test_domains import spec
from tests.models.test_pix2pix import FAST, drawn

IMAGES = jnp.asarray(np.random.default_rng(0).normal(size=(3, 16, 16, 1)), jnp.float32)


def sides(given=None, **fields):
    config = adda.default_config()
    config.update({"width": 2, "hidden": 4} | fields)
    found = adda.networks(config, spec() if given is None else given)
    return found["generator"], found["discriminator"]


def test_the_papers_networks():
    """Encoder 426,070, classifier 5,010, D 502,002, for gray digits of 28 x 28."""
    one, judge = sides(spec((28, 28), 1, 10), width=20, hidden=500, stage=1)
    shapes = shapes_of(one)
    assert (count(shapes["encoder"]), count(shapes["classifier"])) == (426_070, 5_010)
    assert count(shapes_of(judge)) == 502_002
    two, _ = sides(spec((28, 28), 1, 10), width=20, hidden=500)
    shapes = shapes_of(two)
    assert count(shapes["source"]) == 431_080 and count(shapes["moved"]) == 426_070


@pytest.mark.parametrize("norm", ["none", "batch"])
def test_the_targets_encoder_starts_as_a_copy(norm):
    """Of whatever the source's is when the training begins, so of the run that it starts from."""
    two, _ = sides(norm=norm)
    params = two.init(jax.random.key(0))
    source = jax.tree.map(lambda x: x + 0.1, params["source"])
    call = lambda name, p: jax.jit(two.calls[name], compiler_options=FAST)({"params": p}, IMAGES)
    copied = {**params, "source": source}
    np.testing.assert_array_equal(call("target_features", copied), call("source_features", copied))
    moved = {**copied, "moved": jax.tree.map(lambda x: x + 0.1, params["moved"])}
    np.testing.assert_array_equal(call("source_features", moved), call("source_features", copied))
    assert np.abs(call("target_features", moved) - call("source_features", moved)).max() > 0.1


def test_stage_two_is_stage_one_with_another_encoder():
    one, two = sides(stage=1)[0], sides()[0]
    assert set(one.calls) == {"predict", "features", "classify"}
    assert set(two.calls) == {"predict", "source_features", "target_features", "classify"}
    params, first = drawn(two), drawn(one)
    params = {**params, "source": first}
    summed = jax.tree.map(jnp.add, first["encoder"], params["moved"])
    expected = one.calls["predict"]({"params": {**first, "encoder": summed}}, IMAGES)
    np.testing.assert_allclose(two.calls["predict"]({"params": params}, IMAGES), expected)
    features = one.calls["features"]({"params": first}, IMAGES)
    np.testing.assert_allclose(
        two.calls["source_features"]({"params": params}, IMAGES), features, rtol=1e-6
    )
    np.testing.assert_allclose(
        two.calls["classify"]({"params": params}, features),
        one.calls["classify"]({"params": first}, features),
        rtol=1e-6,
    )


def test_nothing_reaches_the_source():
    """The gradient by stage one's weights is 0, whatever is asked of any call."""
    two, _ = sides()

    def total(params):
        v = {"params": params}
        source, target = two.calls["source_features"](v, IMAGES), two.calls["predict"](v, IMAGES)
        return (two.calls["classify"](v, source) ** 2).sum() + (target**2).sum()

    slope = jax.jit(jax.grad(total), compiler_options=FAST)(drawn(two))
    assert not any(np.asarray(x).any() for x in jax.tree.leaves(slope["source"]))
    assert all(np.asarray(x).any() for x in jax.tree.leaves(slope["moved"]))


def test_moments_are_the_targets():
    two, _ = sides(norm="batch")
    params = {"params": drawn(two)}
    moments = two.moments("predict", params, IMAGES)
    alone = two.calls["predict"]({**params, "batch_stats": moments}, IMAGES[:1])
    np.testing.assert_allclose(alone, two.calls["predict"](params, IMAGES)[:1], atol=1e-4)


@pytest.mark.parametrize(
    ("given", "fields", "message"),
    [
        (spec((18, 16)), {}, "data.size = 18 x 16: write multiples of 4, 16 at least"),
        (None, {"norm": "layer"}, "model.norm = 'layer': write 'batch' or 'none'"),
        (None, {"stage": 3}, "model.stage = 3: write 1 or 2"),
    ],
)
def test_refusals(given, fields, message):
    with pytest.raises(ValueError, match=message):
        sides(given, **fields)
