"""Next frames: the papers' counts, the formulas, D sees what was before, longer futures."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.game.game import Label, Spec, bind
from jaxgan.models import mcnet, next_frame
from tests.models.networks import count, shapes_of
from tests.models.numpy_layers import conv, down, float64, leaky, linear, max_pool, relu, up

FAST = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
MODELS = {"next_frame": (next_frame, (8, 8, 1)), "mcnet": (mcnet, (16, 16, 1))}


def sides(name, frames, given, shape=None, **fields):
    model, smallest = MODELS[name]
    config = model.default_config()
    config.update({"width": 2} | fields)
    clip = lambda t: jax.ShapeDtypeStruct((t, *(shape or smallest)), jnp.float32)
    found = model.networks(config, Spec(clip(frames), clip(given)))
    return found["generator"], found["discriminator"]


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def drawn(side, seed=0, scale=0.2):
    rng = np.random.default_rng(seed)
    leaf = lambda x: jnp.asarray(scale * rng.normal(size=x.shape), x.dtype)
    return jax.tree.map(leaf, shapes_of(side))


def clips(name, frames, given, n=2):
    shape = MODELS[name][1]
    return normal(n, frames, *shape), normal(n, given, *shape, seed=1)


def test_mathieus_counts():
    generator, judge = sides("next_frame", 1, 4, (32, 32, 3), width=16)
    own = [count(shapes_of(generator)[f"nets_{i}"]) for i in range(4)]
    assert own == [11_443, 16_483, 53_443, 142_275] and sum(own) == 223_644
    own = [count(shapes_of(judge)[f"judges_{i}"]) for i in range(4)]
    assert own == [70_401, 130_913, 384_353, 1_542_881] and sum(own) == 2_128_548


def test_mcnets_counts():
    """KTH: 128 x 128 gray, ten frames after ten."""
    generator, judge = sides("mcnet", 10, 10, (128, 128, 1), width=64)
    shapes = shapes_of(generator)
    motion, decoder = dict(shapes["motion"]), shapes["decoder"]
    assert count(motion.pop("memory")) == 4_719_616 and count(motion) == 1_812_480
    assert count(shapes["content"]) == 1_734_336
    part = lambda *names: sum(count(decoder[n]) for n in decoder if n.startswith(names))
    assert part("both") == 1_770_112 and part("link") == 2_323_328
    assert part("up", "to_frame") == 1_734_081
    assert count(shapes) == 14_093_953 and count(shapes_of(judge)) == 4_368_321


def channels(frames):
    return np.concatenate(np.moveaxis(frames, 1, 0), -1)


def test_mathieus_generator_is_numpys_and_predicts_from_its_own_frames():
    generator, _ = sides("next_frame", 2, 3)
    params, (_, given) = drawn(generator), clips("next_frame", 2, 3)
    made = jax.jit(generator.calls["scales"], compiler_options=FAST)({"params": params}, (), given)
    p, given = float64(params), given.astype(float)

    def net(x, layers):
        for i in range(len(layers)):
            x = conv(relu(x) if i else x, layers[f"conv_{i}"])
        return np.tanh(x)

    for t in range(2):
        small = np.stack([down(given[:, i]) for i in range(3)], 1)
        coarse = net(channels(small), p["nets_0"])
        fine = up(coarse) + net(np.concatenate([channels(given), up(coarse)], -1), p["nets_1"])
        np.testing.assert_allclose(made[0][:, t], coarse, atol=1e-5)
        np.testing.assert_allclose(made[1][:, t], fine, atol=1e-5)
        given = np.concatenate([given[:, 1:], fine[:, None]], 1)
    longer, _ = sides("next_frame", 4, 3)
    again = bind(longer, params).call((), clips("next_frame", 2, 3)[1])
    np.testing.assert_allclose(again[:, :2], made[1], atol=1e-5)


def test_mathieus_discriminator_is_numpys():
    """Every frame of several has a logit at every scale, after the three before it."""
    _, judge = sides("next_frame", 2, 3)
    params, (frames, given) = drawn(judge), clips("next_frame", 2, 3)
    found = jax.jit(judge.calls["call"], compiler_options=FAST)({"params": params}, frames, given)
    whole, p = np.concatenate([given, frames], 1).astype(float), float64(params)
    small = np.stack([down(whole[:, i]) for i in range(5)], 1)
    for scale, clip in enumerate((small, whole)):
        layers = p[f"judges_{scale}"]
        for t in range(2):
            x = channels(clip[:, t : t + 4])
            for i in range((1, 3)[scale]):
                x = relu(conv(x, layers[f"conv_{i}"])[:, 1:-1, 1:-1])
            x = x.reshape(2, -1)
            for i in range(2):
                x = relu(linear(x, layers[f"linear_{i}"]))
            logits = linear(x, layers["to_logits"])[:, 0]
            np.testing.assert_allclose(found[scale][:, t], logits, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_mcnet_is_numpys():
    """Three given frames, two made: the second from the first's content and difference."""
    generator, judge = sides("mcnet", 2, 3)
    params, (_, given) = drawn(generator), clips("mcnet", 2, 3)
    made = jax.jit(generator.calls["call"], compiler_options=FAST)({"params": params}, (), given)
    p, frames = float64(params), given.astype(float)
    sigmoid = lambda x: 1 / (1 + np.exp(-x))
    h = c = np.zeros((2, 2, 2, 8))

    def motion(h, c, x):
        maps = []
        for i in range(3):
            maps.append(relu(conv(x, p["motion"][f"conv_{i}"])))
            x = max_pool(maps[-1])
        gates = conv(np.concatenate([x, h], -1), p["motion"]["memory"]["gates"])
        i, j, f, o = np.split(gates, 4, -1)
        c = c * sigmoid(f + 1) + sigmoid(i) * np.tanh(j)
        return np.tanh(c) * sigmoid(o), c, maps

    def unpooled(x):
        wide = np.zeros((x.shape[0], 2 * x.shape[1], 2 * x.shape[2], x.shape[3]))
        wide[:, ::2, ::2] = x
        return wide

    for t in (1, 2):
        h, c, moved = motion(h, c, frames[:, t] - frames[:, t - 1])
    last, d = frames[:, -1], p["decoder"]
    for t in range(2):
        x, maps = last, []
        for i, layers in enumerate((2, 2, 3)):
            for j in range(layers):
                x = relu(conv(x, p["content"][f"conv_{i}_{j}"]))
            maps.append(x)
            x = max_pool(x)
        x = np.concatenate([h, x], -1)
        for i in range(3):
            x = relu(conv(x, d[f"both_{i}"]))
        for i, layers in ((2, 3), (1, 2), (0, 1)):
            link = relu(conv(np.concatenate([moved[i], maps[i]], -1), d[f"link_{i}_0"]))
            x = relu(unpooled(x) + conv(link, d[f"link_{i}_1"]))
            for j in range(layers):
                x = relu(conv(x, d[f"up_{i}_{j}"]))
        x = np.tanh(conv(x, d["to_frame"]))
        np.testing.assert_allclose(made[:, t], x, atol=1e-4)
        h, c, moved = motion(h, c, x - last)
        last = x
    assert judge.module.width == 2


@pytest.mark.slow
def test_mcnets_discriminator_is_numpys():
    _, judge = sides("mcnet", 2, 3)
    params, (frames, given) = drawn(judge), clips("mcnet", 2, 3)
    found = judge.calls["call"]({"params": params}, frames, given)
    x, p = channels(np.concatenate([given, frames], 1).astype(float)), float64(params)
    for i in range(4):
        x = conv(x, p[f"conv_{i}"])[:, ::2, ::2]
        if i:
            own = p[f"norm_{i}"]
            mean, var = x.mean((0, 1, 2)), x.var((0, 1, 2))
            x = (x - mean) / np.sqrt(var + 1e-5) * own["gain"] + own["bias"]
        x = leaky(x)
    expected = linear(x.reshape(2, -1), p["to_logits"])[:, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_the_discriminator_judges_a_frame_after_its_past(name):
    """With another past the same frames have other logits: a known port leaves the past out."""
    _, judge = sides(name, 1, 3)
    params, (frames, given) = drawn(judge), clips(name, 1, 3)
    call = jax.jit(partial(judge.calls["call"], {"params": params}), compiler_options=FAST)
    first, other = (jax.tree.leaves(call(frames, past)) for past in (given, given + 0.5))
    assert all((a != b).all() for a, b in zip(first, other, strict=True))
    plain = partial(judge.calls["call"], {"params": params}, frames)
    slope = jax.grad(lambda past: sum(x.sum() for x in jax.tree.leaves(plain(past))))
    slopes = jax.jit(slope, compiler_options=FAST)(given)
    assert (np.abs(np.asarray(slopes)).max((0, 2, 3, 4)) > 0).all()  # all given frames count


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("next_frame", {"shape": (12, 12, 1)}, "data.size = 12 x 12: .* write 32 x 32"),
        ("next_frame", {"shape": (8, 16, 1)}, "data.size = 8 x 16"),
        ("mcnet", {"shape": (24, 16, 1)}, "data.size = 24 x 16: write multiples of 16"),
        ("mcnet", {"given": 1}, "data.context = 1: motion needs two frames"),
    ],
)
def test_refusals(name, fields, words):
    with pytest.raises(ValueError, match=words):
        sides(name, 1, **{"given": 3} | fields)


@pytest.mark.parametrize("name", MODELS)
def test_other_data_are_refused(name):
    config, clip = (
        MODELS[name][0].default_config(),
        jax.ShapeDtypeStruct((4, 16, 16, 1), jnp.float32),
    )
    with pytest.raises(ValueError, match=r"data\.medium = 'next_frames'"):
        MODELS[name][0].networks(config, Spec(clip, Label(3)))
