"""C-RNN-GAN: the authors' counts, the LSTM against numpy, what depends on what."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.nn import sigmoid

from jaxgan.game.game import Label, Spec, bind
from jaxgan.models import crnngan
from jaxgan.models.lstm import Stack, start
from tests.models.networks import count, shapes_of

FAST = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}


def sides(steps=5, **fields):
    config = crnngan.default_config()
    config.update({"hidden": 3, "layers": 1, "latent_dim": 2 * steps} | fields)
    float32 = partial(jax.ShapeDtypeStruct, dtype=jnp.float32)
    spec = Spec(float32((steps, 4)), Label(2), float32((config.latent_dim,)))
    found = crnngan.networks(config, spec)
    return found["generator"], found["discriminator"]


@pytest.mark.parametrize(
    ("units", "counts"), [(350, [1_967_354, 2_957_501]), (100, [162_104, 245_001])]
)
def test_the_authors_networks(units, counts):
    found = sides(hidden=units, latent_dim=4 * 5, layers=2)
    assert [count(shapes_of(side)) for side in found] == counts


def drawn(shapes, scale=0.7):
    rng = np.random.default_rng(0)
    leaf = lambda x: jnp.asarray(scale * rng.normal(size=x.shape), x.dtype)
    return jax.tree.map(leaf, shapes)


def events(n=2, steps=5):
    return jnp.asarray(np.random.default_rng(1).normal(size=(n, steps, 4)), jnp.float32)


def numpy_cell(params, state, x):
    s = lambda v: 1 / (1 + np.exp(-v))
    c, h = state
    gates = np.concatenate([x, h], -1) @ params["kernel"] + params["bias"]
    i, g, f, o = np.split(gates, 4, -1)
    c = s(f + 1) * c + s(i) * np.tanh(g)
    return (c, s(o) * np.tanh(c)), s(o) * np.tanh(c)


def test_the_stack_is_the_equations():
    stack, x = Stack(3, 2), np.random.default_rng(2).normal(size=(4, 2, 6)).astype(np.float32)
    first = start(2, 3, 2)
    params = drawn(jax.eval_shape(stack.init, jax.random.key(0), first, x[0])["params"])
    states, expected = first, [(np.zeros((2, 3)), np.zeros((2, 3)))] * 2
    for now in x:
        states, found = stack.apply({"params": params}, states, now)
        for layer in range(2):
            cell = jax.tree.map(np.float64, params[f"cell_{layer}"]["gates"])
            expected[layer], now = numpy_cell(cell, expected[layer], now)
        np.testing.assert_allclose(found, now, atol=1e-6)


def test_a_note_depends_on_its_own_and_earlier_noise():
    generator, _ = sides()
    call = bind(generator, drawn(shapes_of(generator))).call
    noise = jnp.asarray(np.random.default_rng(3).uniform(-1, 1, (1, 10)), jnp.float32)
    slopes = jax.jit(
        jax.jacobian(lambda z: call(z, jnp.zeros(1, jnp.int32))[0]), compiler_options=FAST
    )(noise)
    seen = np.asarray(slopes).reshape(5, 4, 5, 2)
    np.testing.assert_array_equal((seen != 0).any((1, 3)), np.tril(np.ones((5, 5), bool)))


def test_a_prediction_is_the_tune_where_it_was_right():
    """Next to the true notes before each; of a generator's own tune that is the tune itself."""
    generator, _ = sides()
    bound = bind(generator, drawn(shapes_of(generator)))
    noise = jnp.asarray(np.random.default_rng(3).uniform(-1, 1, (2, 10)), jnp.float32)
    made, predict = (
        bound.call(noise, jnp.zeros(2, jnp.int32)),
        jax.jit(bound.predict, compiler_options=FAST),
    )
    np.testing.assert_allclose(predict(noise, made), made, atol=1e-6)
    other = predict(noise, made.at[:, 2].add(1.0))
    moved = np.abs(np.asarray(other - made)).max((0, 2)) > 1e-4
    assert moved.tolist() == [False, False, False, True, True]


def test_scales_are_factors_of_what_the_networks_see():
    """D sees scaled notes; G's kernels at the notes' end absorb them."""
    factors = np.array([2.0, 1.0, 12.0, 0.5], np.float32)
    (plain_g, plain_d), (scaled_g, scaled_d) = sides(), sides(note_scales=tuple(factors.tolist()))
    params, labels = drawn(shapes_of(plain_d)), jnp.zeros(2, jnp.int32)
    np.testing.assert_allclose(
        bind(scaled_d, params).call(events(), labels),
        bind(plain_d, params).call(events() * factors[None, None], labels),
        atol=1e-5,
    )
    params = drawn(shapes_of(plain_g))
    noise = jnp.asarray(np.random.default_rng(3).uniform(-1, 1, (2, 10)), jnp.float32)
    np.testing.assert_allclose(
        bind(scaled_g, params).call(noise, labels) * factors[None, None],
        bind(plain_g, params).call(noise, labels),
        atol=1e-5,
    )


def test_the_logit_is_that_of_the_mean_probability_and_sees_every_note():
    _, judge = sides()
    bound = bind(judge, drawn(shapes_of(judge)))
    labels = jnp.zeros(2, jnp.int32)

    @partial(jax.jit, compiler_options=FAST)
    def seen(x):
        logits, back = jax.vjp(lambda x: bound.call(x, labels), x)
        return logits, bound.features(x, labels), back(jnp.ones(2))[0]

    logits, outputs, slopes = seen(events())
    outputs = outputs.reshape(2, 5, 6)
    params = drawn(shapes_of(judge))["decide"]
    steps = (outputs @ params["kernel"])[..., 0] + params["bias"][0]
    np.testing.assert_allclose(sigmoid(logits), sigmoid(steps).mean(1), atol=1e-6)
    assert (slopes != 0).all()
    far = crnngan.mean_logit(jnp.array([[200.0, 200.0], [-200.0, -200.0]]))
    np.testing.assert_allclose(far, [200.0, -200.0], rtol=1e-6)


def test_refusals():
    with pytest.raises(
        ValueError, match=r"model.note_scales = \(2.0,\): write a factor .* of the 4"
    ):
        sides(note_scales=(2.0,))
    with pytest.raises(ValueError, match=r"model.latent_dim = 9: noise for each of 5 notes; .* 10"):
        sides(latent_dim=9)
