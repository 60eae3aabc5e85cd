"""Schedules against closed forms, and what they drive against NumPy, step by step."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan.build import averages, build
from jaxgan.config import default_config
from jaxgan.config.over_time import scheduled
from jaxgan.game.averaging import decay_of, ema
from jaxgan.game.game import Label, Spec
from jaxgan.game.schedules import ends, of_images, of_steps, parse
from jaxgan.optimizers import lazy_share, optimizer

SPEC = Spec(jax.ShapeDtypeStruct((32, 32, 1), jnp.float32), Label(10))
GRADIENTS = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)


@pytest.mark.parametrize(
    "text,expected",
    [
        ("linear(2, 1, images=100)", (2.0, 1.5, 1.0, 1.0)),
        ("linear(2, 0, 50, after=50)", (2.0, 2.0, 0.0, 0.0)),
        ("linear(start=1, end=3, images=200)", (1.0, 1.5, 2.0, 3.0)),
        ("cosine(2e-4, 5e-5, images=100)", (2e-4, 1.25e-4, 5e-5, 5e-5)),
        ("cosine(0, 1, images=50, after=25)", (0.0, 0.5, 1.0, 1.0)),
        ("halving(8, images=50)", (8.0, 4.0, 2.0, 0.0)),
        ("ramp_up(3, images=100)", (0.0, 1.5, 3.0, 3.0)),
    ],
)
def test_values_at_start_middle_and_end(text, expected):
    """By NumPy on the host, and the same in a program."""
    seen = (0.0, 50.0, 100.0, 1e9)
    np.testing.assert_allclose([parse(text)(n) for n in seen], expected, rtol=2e-7)
    program = jax.jit(jax.vmap(parse(text)))(jnp.float32(seen))
    assert program.dtype == jnp.float32
    np.testing.assert_allclose(program, expected, rtol=3e-7, atol=1e-11)


def test_a_number_stays_a_number_so_that_nothing_is_computed():
    assert of_images(0.3) == 0.3 and of_steps(0.3, 64, factor=4) == 1.2
    step = jnp.int32(7)
    doubled = of_steps("linear(0, 1, images=100)", 10, factor=2)
    assert callable(doubled) and float(doubled(step)) == pytest.approx(1.4)


@pytest.mark.parametrize(
    "text,words",
    [
        ("linear(1, 0, images=0)", "images=0: a schedule ends after it begins"),
        ("cosine(1, 0, images=-5)", "images=-5: a schedule ends after it begins"),
        ("linear(1, 0, 5, after=-1)", "after=-1: write 0 or more images"),
        ("cosinus(1, 0, 5)", "no schedule 'cosinus': write a number, or a schedule: linear"),
        ("cosine(1)", r"write the numbers of cosine\(start, end, images, after\)"),
        ("cosine(1, 0, 5, until=3)", r"write the numbers of cosine\(start, end, images, after\)"),
        ("halving('a', 3)", r"write the numbers of halving\(start, images\)"),
        ("halving(1e999, 3)", r"write the numbers of halving\(start, images\)"),
        ("3 *", "write a number, or a schedule: linear"),
        ("__import__('os')", "no schedule '__import__'"),
    ],
)
def test_what_is_wrong_with_a_text(text, words):
    with pytest.raises(ValueError, match=words):
        parse(text)


def test_ends_are_those_of_all_time():
    assert ends("halving(8, images=10)") == (8.0, 0.0)
    assert ends("cosine(3, 1, images=10)") == (3.0, 1.0)


def adam(rates, b1, b2s, eps=1e-8):
    """Return the parameters after each step, from 0, with PyTorch's correction of the bias."""
    p = m = v = np.zeros(3)
    found = []
    for t, (g, rate, b2) in enumerate(zip(GRADIENTS, rates, b2s, strict=True), 1):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        p = p - rate * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps)
        found.append(p)
    return np.array(found)


def trajectory(chain):
    """Return the parameters after each of the twelve turns, from 0."""
    params, found = jnp.zeros(3), []
    state = chain.init(params)
    for g in GRADIENTS:
        with jax.numpy_dtype_promotion("standard"):  # as in the step
            updates, state = chain.update(jnp.asarray(g), state, params)
        params = optax.apply_updates(params, updates)
        found.append(np.asarray(params))
    return found


@pytest.mark.parametrize("b1", [0.0, 0.5])
@pytest.mark.parametrize("rate", ["cosine(0.1, 0.02, images=50)", 0.1])
@pytest.mark.parametrize("b2", ["linear(0.9, 0.99, images=60)", 0.99])
def test_adam_with_a_rate_and_a_b2_that_change(b1, rate, b2):
    """A turn every 10 images; both schedules end within the twelve turns."""
    section = default_config().discriminator
    section.update(learning_rate=rate, b1=b1, b2=b2)
    found = trajectory(optimizer(section, images=10))
    seen = [10.0 * t for t in range(12)]
    numbers = lambda v: [parse(v)(n) for n in seen] if isinstance(v, str) else [v] * 12
    # 1e-4: 1 - b2^t in float32 for the first t.
    np.testing.assert_allclose(found, adam(numbers(rate), b1, numbers(b2)), rtol=1e-4, atol=1e-6)


def test_a_half_life_does_not_depend_on_the_batch():
    """A step of 50 images is two of 25 with the same parameters."""
    value = {"w": jnp.ones(2)}
    after = {}
    for images in (25, 50):
        moving = ema(decay_of(200.0, images))
        mean = {"w": jnp.zeros(2)}
        for step in range(200 // images):
            mean = moving(mean, value, jnp.int32(step))
        after[images] = float(mean["w"][0])
    assert after[25] == pytest.approx(0.5, rel=1e-5) and after[50] == pytest.approx(0.5, rel=1e-5)


def test_a_half_life_that_grows_from_nothing():
    moving = ema(decay_of("linear(0, 400, images=800)", 100))
    mean, expected = {"w": jnp.full(2, 9.0)}, 9.0
    for step in range(10):
        half = min(400 * step / 8, 400)
        decay = 0.5 ** (100 / half) if half else 0.0
        expected = decay * expected + (1 - decay) * step
        mean = moving(mean, {"w": jnp.full(2, float(step))}, jnp.int32(step))
        assert float(mean["w"][0]) == pytest.approx(expected, rel=1e-5)
    assert float(ema(decay_of(0, 100))({"w": 9.0}, {"w": 3.0}, jnp.int32(0))["w"]) == 3.0


def test_the_config_names_images_of_the_discriminators_turns():
    config = default_config(model="mlp")
    config.train.update(batch=50, num_d_steps=2, fresh_batches=True)
    config.average.half_life = 100.0
    assert float(averages(config)["generator"]({"w": 1.0}, {"w": 0.0}, jnp.int32(4))["w"]) == 0.5
    config.generator.learning_rate = "linear(1e-3, 0, images=1000)"
    config.penalty.update(name="r1", weight="linear(1, 0, images=1000)")
    build(config, SPEC)
    # What the log says of the sixth step: 500 images were seen before it.
    assert scheduled(config, 6) == pytest.approx(
        {"schedule/generator.learning_rate": 5e-4, "schedule/penalty.weight": 0.5}
    )


def test_what_has_no_effect_is_refused():
    config = default_config(model="mlp")
    config.augmentation.update(name="diff_augment", probability="ramp_up(0.5, 1000)")
    with pytest.raises(
        ValueError, match=r"augmentation\.probability = .* 'diff_augment': write None"
    ):
        build(config, SPEC)


def test_adam_where_a_term_is_lazy():
    """k = 4: c = 4 / 5 in the rate and as a power of both decays, of the lazy player only."""
    config = default_config(model="mlp")
    config.penalty.update(name="r1", weight=1.0, every=4, corrects_adam=True)
    assert lazy_share(config, "discriminator") == 0.8 and lazy_share(config, "generator") == 1.0
    config.path_length.weight = 1.0
    assert lazy_share(config, "generator") == 0.8
    config.penalty.every = 1
    with pytest.raises(ValueError, match=r"penalty\.corrects_adam = True with penalty\.every = 1"):
        lazy_share(config, "generator")
    section = config.discriminator
    section.update(learning_rate=0.1, b1=0.5, b2="linear(0.9, 0.99, images=60)")
    found = trajectory(optimizer(section, 10, lazy=0.8))
    b2s = [parse(section.b2)(10.0 * t) ** 0.8 for t in range(12)]
    np.testing.assert_allclose(found, adam([0.08] * 12, 0.5**0.8, b2s), rtol=1e-4, atol=1e-6)
