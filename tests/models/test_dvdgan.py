"""DVD-GAN and TriVD-GAN: what the heads see, conditions of own clips, moments of each time step."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.game import losses, sampling
from jaxgan.game.game import Label, Spec, bind
from jaxgan.models import clip_heads, dvdgan
from jaxgan.models.layers import BatchNorm
from tests.models.networks import count, shapes_of
from tests.models.numpy_layers import conv, down, float64, projection, random_like, relu

FAST = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
T, SIDE, LABELS = 4, 16, np.array([0, 2, 1], np.int32)


def sides(shape=(T, SIDE, SIDE, 1), classes=3, **fields):
    config = dvdgan.default_config()
    config.update({"width": 2, "latent_dim": 6, "embedding_dim": 4, "frames": 2} | fields)
    float32 = partial(jax.ShapeDtypeStruct, dtype=jnp.float32)
    spec = Spec(float32(shape), Label(classes), float32((config.latent_dim,)))
    found = dvdgan.networks(config, spec)
    return found["generator"], found["discriminator"]


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


CLIPS, Z = normal(3, T, SIDE, SIDE, 1), normal(3, 6, seed=1)


@pytest.mark.parametrize("per_clip", [False, True])
def test_every_time_step_has_moments_of_its_own(per_clip):
    x, norm = normal(3 * T, 5, 5, 2) * 3 + 1, BatchNorm(steps=T)
    given = (normal(3, 2, seed=1), normal(3, 2, seed=2)) if per_clip else ()
    params = jax.tree.map(
        lambda p: p + 0.5, norm.init(jax.random.key(0), x, *given).get("params", {})
    )
    made, kept = norm.apply({"params": params}, x, *given, mutable=["batch_stats"])
    clips = x.reshape(3, T, 5, 5, 2).astype(float)
    mean, var = clips.mean((0, 2, 3)), clips.var((0, 2, 3))
    np.testing.assert_allclose(kept["batch_stats"]["mean"], mean, atol=1e-5)
    np.testing.assert_allclose(kept["batch_stats"]["var"], var, rtol=1e-4)
    gain, bias = given or (np.full((1, 2), 1.5), np.full((1, 2), 0.5))
    row = lambda a: a.reshape(-1, 1, 1, 1, 2)
    step = lambda a: a.reshape(1, T, 1, 1, 2)
    expected = (clips - step(mean)) / np.sqrt(step(var) + 1e-4) * row(gain) + row(bias)
    np.testing.assert_allclose(made.reshape(clips.shape), expected, atol=1e-4)
    # With these moments a clip alone is what it is among others.
    last = tuple(a[-1:] for a in given)
    alone = norm.apply({"params": params, **kept}, x[-T:], *last)
    np.testing.assert_allclose(alone, made[-T:], atol=1e-5)


def drawn(side):
    return random_like(shapes_of(side), seed=0, scale=0.3)


@pytest.mark.parametrize("unit", ["conv_gru", pytest.param("tsru_s", marks=pytest.mark.slow)])
def test_a_clip_is_made_of_its_own_latent_and_class(unit):
    """A clip does not change with what else is in its batch; it does with its class."""
    generator, _ = sides(unit=unit)
    params = drawn(generator)
    moments = jax.jit(partial(generator.moments, "call"), compiler_options=FAST)
    variables = {"params": params, "batch_stats": moments({"params": params}, Z, LABELS)}
    make = jax.jit(partial(generator.calls["call"], variables), compiler_options=FAST)
    made = np.asarray(make(Z, LABELS))
    assert made.shape == (3, T, SIDE, SIDE, 1) and np.abs(made).max() <= 1
    for i in range(3):
        own = make(np.repeat(Z[i : i + 1], 3, 0), np.repeat(LABELS[i], 3))
        np.testing.assert_allclose(own, made[[i, i, i]], atol=2e-5)
    assert np.abs(make(Z, LABELS * 0)[1] - made[1]).max() > 1e-2
    assert np.ptp(made, axis=1).max() > 1e-2  # frames differ
    generator, _ = sides(classes=0)
    assert not sampling.takes_condition(generator, Spec((), Label(0), jnp.zeros(6)))


def conv_3d(x, p):
    """A sum over the taps of time, each a convolution of its own."""
    kernel, padded = p["kernel"], np.pad(x, ((0, 0), (1, 1), *((0, 0),) * 3))
    frames = lambda clips: clips.reshape(-1, *clips.shape[2:])
    taps = (conv(frames(padded[:, a : a + x.shape[1]]), {"kernel": kernel[a]}) for a in range(3))
    return sum(taps).reshape(*x.shape[:-1], -1) + p["bias"]


def block(x, p, halves, first=False, convolve=conv, pooled=down):
    h = convolve(relu(convolve(x if first else relu(x), p["conv_0"])), p["conv_1"])
    h, x = (pooled(h), pooled(x)) if halves else (h, x)
    if "skip" in p:
        x = x @ p["skip"]["kernel"][0, 0] + p["skip"]["bias"]
    return h + x


def down_3d(x):
    frames = down(x.reshape(-1, *x.shape[2:]))
    frames = frames.reshape(*x.shape[:2], *frames.shape[1:])
    return frames if x.shape[1] % 2 else (frames[:, ::2] + frames[:, 1::2]) / 2


@pytest.mark.parametrize(
    "heads,frames", [("dvd", T), pytest.param("trivd", 6, marks=pytest.mark.slow)]
)
def test_the_discriminator_is_numpys(heads, frames):
    """The logit of D_S is the sum over frames; D_T sees small clips; labels are a clip's own."""
    side = 32
    _, judge = sides((frames, side, side, 1), heads=heads)
    clips, params = normal(3, frames, side, side, 1), drawn(judge)
    found = jax.jit(judge.calls["call"], compiler_options=FAST)({"params": params}, clips, LABELS)
    p, clips = float64(params), clips.astype(float)
    chosen = clips[:, [0, frames - 1]]
    small = down(clips.reshape(-1, side, side, 1)).reshape(3, frames, 16, 16, 1)
    if heads == "trivd":
        small = clips[:, :, 8:24, 8:24]
    spatial = np.zeros(3)
    for i, j in np.ndindex(3, 2):
        x = down(chosen[i, j][None]) if heads == "trivd" else chosen[i, j][None]
        own = p["spatial"]["trunk"]
        for n in range(len(own)):
            x = block(x, own[f"block_{n}"], n + 1 < len(own), n == 0)
        spatial[i] += projection(x, LABELS[i : i + 1], p["spatial"]["head"])[0]
    own, x = p["temporal"], small
    for n in range(2):
        x = block(x, own[f"block_{n}"], n + 2 < len(own), n == 0, conv_3d, down_3d)
    assert x.shape[1] == {4: 1, 6: 3}[frames] and len(own) == 4
    x = x.reshape(-1, *x.shape[2:])
    x = relu(block(x, own["block_2"], False)).reshape(
        3, -1, 1, x.shape[-2] ** 2, own["block_2"]["conv_1"]["kernel"].shape[-1]
    )
    temporal = projection(x.reshape(3, 1, -1, x.shape[-1]), LABELS, own["head"])
    np.testing.assert_allclose(found[0], spatial, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(found[1], temporal, rtol=1e-4, atol=1e-3)


def test_a_loss_is_of_a_clips_sum_and_reaches_both_heads():
    """One hinge of D_S's sum over frames (a port takes one for each frame), one of D_T's."""
    _, judge = sides()
    params = drawn(judge)

    def loss(params, clips):
        logits = bind(judge, params).call(clips, LABELS)
        return losses.each(losses.hinge.generator, logits).mean(), logits

    both = jax.value_and_grad(loss, argnums=(0, 1), has_aux=True)
    (value, logits), (of_params, of_clips) = jax.jit(both, compiler_options=FAST)(params, CLIPS)
    assert [x.shape for x in logits] == [(3,), (3,)]
    np.testing.assert_allclose(value, -np.mean(logits[0] + logits[1]), rtol=1e-5)
    for head in ("spatial", "temporal"):
        assert all((np.asarray(g) != 0).any() for g in jax.tree.leaves(of_params[head]))
    assert (np.abs(np.asarray(of_clips)) > 0).mean() > 0.99  # D_T sees all frames
    spatial = jax.grad(lambda clips: bind(judge, params).call(clips, LABELS)[0].sum())
    seen = np.abs(jax.jit(spatial, compiler_options=FAST)(CLIPS)).max((0, 2, 3, 4)) > 0
    np.testing.assert_array_equal(seen, [True, False, False, True])  # the first and the last


def test_without_the_temporal_head_the_order_of_frames_is_not_seen():
    """The control: D_S's logit, of all frames, is what it was in the other order."""
    _, judge = sides(heads="frames", frames=T)
    params = drawn(judge)
    assert set(params) == {"spatial"}
    call = jax.jit(lambda clips: bind(judge, params).call(clips, LABELS), compiler_options=FAST)
    (there,), (back,) = call(CLIPS), call(CLIPS[:, ::-1])
    np.testing.assert_allclose(there, back, rtol=1e-5)


def test_frames_are_drawn_for_each_clip_and_at_most_once():
    numbered = np.arange(5, dtype=np.float32).reshape(1, 5, 1, 1, 1) + np.zeros((200, 1, 1, 1, 1))
    found = np.asarray(clip_heads.some_frames(np.float32(numbered), 3, jax.random.key(5)))[
        ..., 0, 0, 0
    ]
    assert all(len(set(row)) == 3 for row in found) and len({tuple(row) for row in found}) > 30
    share = np.bincount(found.astype(int).ravel(), minlength=5) / len(found)
    assert np.abs(share - 0.6).max() < 5 * (0.6 * 0.4 / len(found)) ** 0.5  # five deviations
    even = clip_heads.some_frames(np.float32(numbered), 3, None)[0, :, 0, 0, 0]
    np.testing.assert_array_equal(even, [0, 2, 4])


def test_crops_are_of_one_place_for_all_frames_of_a_clip():
    clips = normal(40, 2, 8, 12, 1)
    cut, places = np.asarray(clip_heads.cropped(clips, jax.random.key(5))), set()
    windows = np.lib.stride_tricks.sliding_window_view(clips[..., 0], (4, 6), axis=(2, 3))
    for clip, own in zip(cut[..., 0], windows, strict=True):
        ((top, left),) = np.argwhere((own == clip[:, None, None]).all((0, 3, 4)))
        places.add((top, left))
    assert {p[0] for p in places} == set(range(5)) and {p[1] for p in places} == set(range(7))
    np.testing.assert_array_equal(clip_heads.cropped(clips, None), clips[:, :, 2:6, 3:9])


@pytest.mark.parametrize("heads", [pytest.param("dvd", marks=pytest.mark.slow), "trivd"])
def test_draws_follow_the_key(heads):
    _, judge = sides(heads=heads)
    params = drawn(judge)
    call = jax.jit(
        lambda key: bind(judge, params, key=key).call(CLIPS, LABELS), compiler_options=FAST
    )
    first, again, other, none = (call(k and jax.random.key(k)) for k in (5, 5, 6, None))
    assert judge.looks
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert (first[0] != other[0]).any() and (first[0] != none[0]).any()
    assert (first[1] != other[1]).any() == (heads == "trivd")  # averaged clips are not drawn


def test_the_papers_scale():
    """Kinetics-600, 12 frames of 128 x 128: five groups, each with the paper's ConvGRU."""
    generator, judge = sides((12, 128, 128, 3), 600, width=96, latent_dim=120, embedding_dim=120)
    shapes = shapes_of(generator)
    widths = [16, 16, 8, 4, 2]
    for i, m in enumerate(widths):
        own = 96 * m
        assert count(shapes[f"recurrent_{i}"]) == 3 * 9 * 2 * own * own + 3 * own
        gains = shapes[f"same_{i}"]["norm_0"]["gain"]["kernel"]
        assert gains.shape == (240, own)  # all of [z, e(y)], in every norm
    assert shapes["linear"]["kernel"].shape == (240, 4 * 4 * 16 * 96)
    own = shapes_of(judge)
    assert own["spatial"]["trunk"]["attention"] and len(own["temporal"]) == 6  # 5 blocks, a head
    assert own["temporal"]["block_1"]["conv_0"]["kernel"].shape == (3, 3, 3, 96, 192)
    assert own["temporal"]["block_2"]["conv_0"]["kernel"].shape == (3, 3, 192, 384)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"unit": "gru"}, "model.unit = 'gru': write 'conv_gru' or 'tsru_c'"),
        ({"heads": "both"}, "model.heads = 'both': write 'dvd' or 'trivd' or 'frames'"),
        ({"frames": 8}, "model.frames = 8 of clips of 4: write 1 to 4"),
        ({"shape": (4, 8, 8, 1)}, "data.size = 4 x 8 x 8: .* 16 at least"),
    ],
)
def test_refusals(fields, words):
    with pytest.raises(ValueError, match=words):
        sides(**fields)
