"""MelGAN: the authors' counts, logits, pooling, weight norm, feature matching by hand."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.game import losses
from jaxgan.game.game import Label, Spec, bind
from jaxgan.game.losses import each
from jaxgan.game.objectives.melgan import feature_distance
from jaxgan.game.transforms import weight_norm
from jaxgan.models import melgan
from tests.models.networks import count, shapes_of

FAST = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
TINY = {"width": 2, "factors": (2, 2), "discriminator_width": 4, "layers": 1, "scales": 2}


def sides(samples=8192, frames=32, bins=80, **fields):
    config = melgan.default_config()
    config.update(fields)
    float32 = partial(jax.ShapeDtypeStruct, dtype=jnp.float32)
    found = melgan.networks(config, Spec(float32((samples, 1)), float32((frames, bins))))
    return found["generator"], found["discriminator"]


def test_the_authors_networks():
    """Counts of both public repositories; 4,260,257 is without the norms' gains."""
    generator, judge = (shapes_of(side) for side in sides())
    assert count(generator) == 4_266_050 and count(judge) == 16_924_086 == 3 * 5_641_362
    gains = [layer["gain"] for layer in generator.values()]
    assert count(generator) - count(gains) == 4_260_257


def test_a_window_has_32_and_16_and_8_logits():
    _, judge = sides()
    wave = jax.ShapeDtypeStruct((2, 8192, 1), jnp.float32)
    logits, maps = jax.eval_shape(judge.calls["maps"], {"params": shapes_of(judge)}, wave, None)
    assert [x.shape for x in logits] == [(2, 32), (2, 16), (2, 8)]
    assert [len(of_scale) for of_scale in maps] == [6, 6, 6]
    assert [x.shape[1:] for x in maps[0]] == [
        (8192, 16), (2048, 64), (512, 256), (128, 1024), (32, 1024), (32, 1024)
    ]  # fmt: skip


def drawn(side, seed=0):
    rng = np.random.default_rng(seed)
    leaf = lambda x: jnp.asarray(0.3 * rng.normal(size=x.shape), x.dtype)
    return jax.tree.map(leaf, shapes_of(side))


def mels(frames=8, n=2):
    return jnp.asarray(np.random.default_rng(1).normal(size=(n, frames, 3)), jnp.float32)


def test_a_wave_has_the_length_of_its_spectrogram_and_is_local():
    """Four samples a frame; a frame far away does not matter, a near one does."""
    side, _ = sides(64, 16, 3, **TINY)
    make = jax.jit(bind(side, drawn(side)).call, compiler_options=FAST)
    mel = mels(32, 1)
    made = make((), mel)
    assert made.shape == (1, 128, 1) and float(jnp.abs(made).max()) <= 1
    changed = np.asarray(make((), mel.at[:, -1].add(1.0)) != made)[0, :, 0]
    assert changed[-4:].any() and not changed[:32].any()


def test_the_ends_are_reflected():
    x = np.random.default_rng(0).normal(size=(2, 9, 3)).astype(np.float32)
    expected = np.pad(x, ((0, 0), (3, 3), (0, 0)), mode="reflect")
    np.testing.assert_array_equal(melgan.reflected(jnp.asarray(x), 3), expected)
    layer = melgan.Layer(2, 7)
    kernel = np.random.default_rng(1).normal(size=(7, 3, 2)).astype(np.float32)
    params = {"kernel": jnp.asarray(kernel), "bias": jnp.ones(2), "gain": jnp.ones((1, 1, 2))}
    by_hand = [np.einsum("bac,aco->bo", expected[:, i : i + 7], kernel) + 1 for i in range(9)]
    found = layer.apply({"params": params}, jnp.asarray(x))
    np.testing.assert_allclose(found, np.stack(by_hand, 1), atol=1e-5)


def test_means_of_four_do_not_count_what_is_outside():
    x = np.random.default_rng(0).normal(size=(2, 10, 3)).astype(np.float32)
    expected = [x[:, max(2 * i - 1, 0) : 2 * i + 3].mean(1) for i in range(5)]
    found = melgan.pooled(jnp.asarray(x))
    np.testing.assert_allclose(found, np.stack(expected, 1), atol=1e-6)


def test_a_clip_twice_as_long_weighs_the_same():
    logits = jnp.asarray(np.random.default_rng(0).normal(size=(3, 8)), jnp.float32)
    twice = jnp.concatenate([logits, logits], 1)
    for part in (losses.hinge.generator, losses.least_squares.generator):
        np.testing.assert_allclose(each(part, [logits, logits]), each(part, [twice, logits]), 1e-6)


def test_feature_matching_by_hand():
    """18 maps: 10 times the term is 2.667 times each map's mean distance, in the authors' sizes."""
    rng = np.random.default_rng(0)
    shapes = [[(2, 32 >> k, 4 + i) for i in range(6)] for k in range(3)]
    real, fake = ([[rng.normal(size=s) for s in scale] for scale in shapes] for _ in range(2))
    pairs = [(r, f) for rs, fs in zip(real, fake, strict=True) for r, f in zip(rs, fs, strict=True)]
    assert len(pairs) == 18
    expected = sum(10 * (1 / 3) * (4 / 5) * np.abs(r - f).mean() for r, f in pairs)
    as_jax = lambda tree: jax.tree.map(np.float32, tree)
    distance = lambda r, f: 10 * feature_distance(r, f).mean()
    both = jax.jit(jax.value_and_grad(distance, (0, 1)), compiler_options=FAST)
    found, slopes = both(as_jax(real), as_jax(fake))
    assert float(found) == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(10 * (1 / 3) * (4 / 5), 2.667, atol=1e-3)
    of_real, of_fake = jax.device_get(slopes)
    assert all((x == 0).all() for x in jax.tree.leaves(of_real))  # they are held
    assert all((x != 0).all() for x in jax.tree.leaves(of_fake))


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (melgan.Layer(4, 3), (1, 1, 4)),
        (melgan.Layer(6, 4, "up", 2), (1, 3, 1)),  # of every input channel, as in PyTorch
        (melgan.Layer(6, 5, "down", 2, groups=3), (1, 1, 6)),
    ],
    ids=["same", "up", "down"],
)
def test_weight_norm_starts_as_nothing(layer, shape):
    """Gains are the kernel's lengths at first."""
    init = jax.jit(layer.init, compiler_options=FAST)
    params = init(jax.random.key(0), jnp.zeros((1, 8, 3)))["params"]
    assert params["gain"].shape == shape
    weights, _ = weight_norm().apply(params, ())
    np.testing.assert_allclose(weights["kernel"], params["kernel"], rtol=1e-5, atol=1e-7)


def test_weight_norm_is_length_times_direction():
    rng = np.random.default_rng(0)
    v, gain = rng.normal(size=(3, 4, 5)), rng.normal(size=(1, 1, 5))
    apply = lambda params: weight_norm().apply({"layer": params, "bias": jnp.ones(2)}, ())[0]
    params = {"kernel": jnp.asarray(v, jnp.float32), "gain": jnp.asarray(gain, jnp.float32)}
    expected = gain * v / np.linalg.norm(v.reshape(-1, 5), axis=0)
    np.testing.assert_allclose(apply(params)["layer"]["kernel"], expected, atol=1e-6)
    # v's length does not matter, so its gradient is at right angles to v in every channel.
    target = jnp.asarray(rng.normal(size=v.shape), jnp.float32)
    product = lambda p: (apply(p)["layer"]["kernel"] * target).sum()
    slopes = jax.jit(jax.grad(product), compiler_options=FAST)(params)
    along = (slopes["kernel"] * params["kernel"]).sum((0, 1))
    np.testing.assert_allclose(along, 0, atol=1e-5)
    unit = v / np.linalg.norm(v.reshape(-1, 5), axis=0)
    np.testing.assert_allclose(slopes["gain"][0, 0], (unit * target).sum((0, 1)), atol=1e-5)
    with pytest.raises(ValueError, match="weight_norm = True: this model's kernels have no gains"):
        weight_norm().apply({"kernel": jnp.ones((2, 2)), "gain": jnp.ones(2)}, ())


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"frames": 16}, "16 frames become 4096 samples, the data have 8192; .* product is 512"),
        ({"factors": (16, 16, 1)}, r"model.factors = \(16, 16, 1\): write even factors"),
        ({"samples": 512, "frames": 2}, "512 samples: 3 scales of 4 strided layers take multiples"),
    ],
)
def test_refusals(fields, words):
    with pytest.raises(ValueError, match=words):
        sides(**fields)


def test_labels_are_refused():
    wave = jax.ShapeDtypeStruct((8192, 1), jnp.float32)
    with pytest.raises(ValueError, match=r"waves of spectrograms \[frames, bins\]"):
        melgan.networks(melgan.default_config(), Spec(wave, Label(3)))
