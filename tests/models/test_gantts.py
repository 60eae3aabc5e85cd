"""GAN-TTS: the paper's count, blocks by numpy, folding, windows with and without a key."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.game.game import Label, Spec, bind
from jaxgan.models import gantts
from tests.models.networks import count, shapes_of
from tests.models.test_melgan import FAST, drawn

TINY = {"generator_widths": (4, 2), "factors": (2, 2), "width": 2, "folds": (1, 2), "steps": 8}


def sides(samples=48_000, frames=400, features=567, noise=128, **fields):
    config = gantts.default_config()
    config.update(fields)
    float32 = partial(jax.ShapeDtypeStruct, dtype=jnp.float32)
    spec = Spec(float32((samples, 1)), float32((frames, features)), float32((noise,)))
    found = gantts.networks(config, spec)
    return found["generator"], found["discriminator"]


def tiny(**fields):
    return sides(64, 16, 3, 5, **TINY, **fields)


def inputs(n=2, frames=16):
    rng = np.random.default_rng(0)
    draw = lambda *shape: jnp.asarray(rng.normal(size=shape), jnp.float32)
    return draw(n, 5), draw(n, frames, 3), draw(n, 4 * frames, 1)


def test_the_papers_generator():
    """25,549,441: every kernel and linear map with a bias, kernels of 1 where widths change."""
    generator, judge = sides()
    assert count(shapes_of(generator)) == 25_549_441
    shapes = (2, 128), (2, 400, 567), (2, 48_000, 1)
    noise, told, wave = (jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes)
    weights = {"params": shapes_of(generator)}
    assert jax.eval_shape(generator.calls["call"], weights, noise, told).shape == wave.shape
    logits = jax.eval_shape(judge.calls["call"], {"params": shapes_of(judge)}, wave, told)
    assert [x.shape for x in logits] == [(2,)] * 10
    factors = [gantts.falling(120 // k) for k in (1, 2, 4, 8, 15)]
    assert [240 // np.prod(x) for x in factors] == [2, 4, 8, 16, 30]  # frames of a window


def normed(x, params, z):
    """Return x [b, t, c] normalised over time, with gain and bias of the noise."""
    gain, bias = np.split(z @ params["kernel"] + params["bias"], 2, -1)
    middle = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
    return middle * (1 + gain[:, None]) + bias[:, None]


def convolved(x, params, dilation=1):
    k = params["kernel"].shape[0]
    reach = dilation * (k // 2)
    long = np.pad(x, ((0, 0), (reach, reach), (0, 0)))
    taps = [long[:, i * dilation : i * dilation + x.shape[1]] for i in range(k)]
    return sum(t @ w for t, w in zip(taps, params["kernel"], strict=True)) + params["bias"]


def test_a_block_by_numpy():
    rng = np.random.default_rng(1)
    x, z = rng.normal(size=(2, 10, 4)), rng.normal(size=(2, 5))
    block = gantts.GBlock(3, 3)
    shapes = jax.eval_shape(block.init, jax.random.key(0), jnp.float32(x), jnp.float32(z))
    p = jax.tree.map(lambda s: rng.normal(size=s.shape), shapes["params"])
    relu, longer = lambda x: np.maximum(x, 0), lambda x: np.repeat(x, 3, 1)
    y = convolved(longer(relu(normed(x, p["norm_0"]["of_noise"], z))), p["conv_0"])
    y = convolved(relu(normed(y, p["norm_1"]["of_noise"], z)), p["conv_1"], 2)
    middle = longer(convolved(x, p["skip"])) + y
    y = convolved(relu(normed(middle, p["norm_2"]["of_noise"], z)), p["conv_2"], 4)
    y = convolved(relu(normed(y, p["norm_3"]["of_noise"], z)), p["conv_3"], 8)
    params = jax.tree.map(jnp.float32, p)
    apply = jax.jit(block.apply, compiler_options=FAST)
    found = apply({"params": params}, jnp.float32(x), jnp.float32(z))
    np.testing.assert_allclose(found, middle + y, rtol=1e-3, atol=1e-3 * np.abs(middle + y).max())


def test_samples_that_follow_each_other_are_channels():
    """A wave shifted by k samples is a map shifted by one step; not so of long segments."""
    wave = jnp.arange(24.0).reshape(1, 24, 1)
    once, shifted = gantts.folded(wave, 4), gantts.folded(jnp.roll(wave, 4, 1), 4)
    np.testing.assert_array_equal(shifted[:, 1:], once[:, :-1])
    np.testing.assert_array_equal(once[0, 2], [8, 9, 10, 11])


def judging(side):
    """Return positive weights, conditions and a wave: every relu is open, every path shows."""
    _, told, wave = jax.tree.map(jnp.abs, inputs(1))
    return jax.tree.map(jnp.abs, drawn(side)), told, wave


def test_windows_lie_in_the_middle_without_a_key_and_anywhere_with_one():
    """Of 64 samples the windows have 8 and 16; each logit moves with its own samples alone."""
    _, side = tiny()
    weights, told, wave = judging(side)

    slopes_of = lambda key, w: jax.jacrev(lambda w: bind(side, weights, (), key).call(w, told))(w)
    compiled = jax.jit(slopes_of, compiler_options=FAST)

    def reach(key=None):
        """Return where each logit's window begins, and how long it is."""
        slopes = compiled(key, wave)
        found = [np.flatnonzero(np.abs(s[0, 0, :, 0]) > 0) for s in slopes]
        return [(int(x[0]), int(x[-1]) - int(x[0]) + 1) for x in found]

    middle = reach()
    assert [length for _, length in middle] == [8, 16] * 2
    assert [start for start, _ in middle] == [28, 24] * 2
    starts = np.array([[s for s, _ in reach(jax.random.key(i))] for i in range(6)])
    assert (starts[:, 2:] % 4 == 0).all()  # where a frame does
    assert all(len(set(column)) > 1 for column in starts.T)
    assert (starts >= 0).all() and (starts[:, [0, 2]] <= 56).all()


def test_five_see_the_condition_at_their_window():
    _, side = tiny()
    weights, told, wave = judging(side)
    judge = jax.jit(bind(side, weights).call, compiler_options=FAST)
    moved = lambda frame: [
        bool(a != b)
        for a, b in zip(judge(wave, told), judge(wave, told.at[:, frame].add(1.0)), strict=True)
    ]
    assert moved(7) == [False, False, True, True]  # samples 28 to 31
    assert moved(6) == [False, False, False, True]  # the larger window begins at 24
    assert moved(0) == [False] * 4


def test_the_control_has_the_windows_without_conditions_alone():
    (_, told), (_, control) = tiny(), tiny(told=False)
    both, own = shapes_of(told), shapes_of(control)
    assert own == {name: shapes for name, shapes in both.items() if name.startswith("alone")}


def test_an_example_alone_is_what_it_is_in_a_batch():
    side, _ = tiny()
    make = jax.jit(bind(side, drawn(side)).call, compiler_options=FAST)
    z, told, _ = inputs(3)
    made = make(z, told)
    assert made.shape == (3, 64, 1) and float(jnp.abs(made).max()) <= 1
    np.testing.assert_allclose(make(z[1:2], told[1:2])[0], made[1], atol=1e-5)
    assert float(jnp.abs(make(z[::-1], told) - made)[0].max()) > 1e-3  # the noise matters


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"frames": 32}, r"factors = \(2, 2\): 32 frames become 128 samples, the data have 64"),
        ({"factors": (4,)}, "write one factor for each of model.generator_widths"),
        ({"folds": (3,)}, r"model.folds = \(3,\): .* write divisors of 4"),
        ({"steps": 128}, "or longer than 64"),
    ],
)
def test_refusals(fields, words):
    with pytest.raises(ValueError, match=words):
        sides(**({"samples": 64, "frames": 16, "features": 3, "noise": 5} | TINY | fields))


def test_labels_are_refused():
    wave = jax.ShapeDtypeStruct((64, 1), jnp.float32)
    with pytest.raises(ValueError, match=r"waves of conditions \[frames, k\].*'speech'"):
        gantts.networks(gantts.default_config(), Spec(wave, Label(3), wave))
