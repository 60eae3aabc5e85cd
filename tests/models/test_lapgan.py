"""LAPGAN's pyramid: what blurs, what adds up, what is beyond the training resolution."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.game import losses
from jaxgan.game.game import Batch, Bound, Nets
from jaxgan.game.keys import Keys
from jaxgan.game.objectives import lapgan as game
from jaxgan.models import lapgan
from tests.models.networks import modules_of, sides_of

RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(-1, 1, (2, 32, 32, 1)).astype(np.float32)
LABELS = jnp.zeros(2, jnp.int32)


@pytest.fixture(scope="module")
def made():
    config = lapgan.default_config()
    config.update(width=2, coarse_width=2, coarse_dim=3, latent_dim=3 + 1280)
    generator, _ = modules_of(lapgan, config, (32, 32, 1))
    latents = jnp.float32(RNG.normal(size=(2, config.latent_dim)))
    shapes = jax.eval_shape(lambda: generator.init(jax.random.key(0), latents, LABELS)["params"])
    params = jax.tree.map(lambda s: jnp.float32(0.3 * RNG.normal(size=s.shape)), shapes)

    def apply(*inputs, method=None):
        return jax.jit(lambda p, *x: generator.apply({"params": p}, *x, method=method))(
            params, *inputs
        )

    return apply, latents


def means(x):
    b, h, w, c = x.shape
    return x.reshape(b, h // 2, 2, w // 2, 2, c).mean((2, 4))


def test_pyramid_and_blur():
    levels = lapgan.pyramid(jnp.asarray(IMAGES))
    assert [x.shape[1] for x in levels] == [8, 16, 32]
    np.testing.assert_allclose(levels[1], means(IMAGES), atol=1e-6)
    np.testing.assert_allclose(levels[0], means(means(IMAGES)), atol=1e-6)
    blur = np.asarray(lapgan.blurred(jnp.asarray(IMAGES)))
    np.testing.assert_allclose(blur, means(IMAGES).repeat(2, 1).repeat(2, 2), atol=1e-6)


def test_each_stage_adds_detail_that_its_own_noise_decides(made):
    apply, latents = made
    stages = apply(latents, LABELS, method="stages")
    assert [x.shape[1:] for x in stages] == [(8, 8, 1), (16, 16, 1), (32, 32, 1)]
    np.testing.assert_array_equal(apply(latents, LABELS), stages[-1])
    other = apply(latents.at[:, 3 + 256 :].add(1.0), LABELS, method="stages")
    np.testing.assert_array_equal(other[1], stages[1])
    assert (other[2] != stages[2]).any()


def test_details_of_a_made_image_are_those_of_its_making(made):
    """Given the blurred image that the generator itself would have, it adds the same detail."""
    apply, latents = made
    stages = apply(latents, LABELS, method="stages")
    real = jnp.asarray(np.asarray(stages[1]).repeat(2, 1).repeat(2, 2))  # blurred, it is itself
    details = apply(real, latents, LABELS, method="details")
    np.testing.assert_allclose(details[2], stages[2], rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(details[0], stages[0])


def test_beyond_is_the_last_level_once_more(made):
    apply, latents = made
    noise = jnp.float32(RNG.normal(size=(2, 64, 64)))
    large = apply(latents, LABELS, noise, method="beyond")
    assert large.shape == (2, 64, 64, 1)
    # Away from the edges a level does the same at any place: a part of the large blurred image
    # passed as what the last level is given at 32 x 32.
    image = np.asarray(apply(latents, LABELS))
    part = jnp.asarray(image[:, :16, :16].repeat(2, 1).repeat(2, 2))
    inner = latents.at[:, 3 + 256 :].set(noise[:, :32, :32].reshape(2, -1))
    small = apply(part, inner, LABELS, method="details")[2]
    np.testing.assert_allclose(large[:, :28, :28], small[:, :28, :28], rtol=1e-4, atol=1e-5)


def test_the_game_is_the_sum_of_its_levels():
    class Game:
        source = staticmethod(lambda key, batch: (jnp.ones((2, 5)), LABELS))

    def details(images, latents, labels):
        return [0.5 * x for x in lapgan.pyramid(images)]

    def judge_levels(images, real):
        parts = zip(images, real, strict=True)
        return [(x * y).mean((1, 2, 3)) * (k + 1.0) for k, (x, y) in enumerate(parts)]

    batch = Batch(jnp.asarray(IMAGES), LABELS)
    whole = {"call": lambda z, y: 0.5 * batch.sample, "details": details}
    critic = {"call": lambda x, y: x.mean((1, 2, 3)), "judge_levels": judge_levels}
    critic["pyramid"] = lapgan.pyramid
    nets = Nets({"generator": Bound(whole), "discriminator": Bound(critic)})
    levels = [means(means(IMAGES)), means(IMAGES), IMAGES]
    of_real = [(k + 1) * (x.astype(np.float64) ** 2).mean((1, 2, 3)) for k, x in enumerate(levels)]
    softplus = lambda v: np.log1p(np.exp(v))
    expected = sum((softplus(-r) + softplus(r / 2)).mean() for r in of_real)
    fields = {"loss": losses.non_saturating}
    keys = Keys(jax.random.key(0))
    loss, outcome = game.discriminator_objective(Game, nets, {}, batch, keys, **fields)
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    for found, image in zip(outcome.drawn.logits, (IMAGES, 0.5 * IMAGES), strict=True):
        np.testing.assert_allclose(found, image.mean((1, 2, 3)), rtol=1e-4, atol=1e-6)
    loss, _ = game.generator_objective(Game, nets, {}, batch, keys, **fields)
    assert float(loss) == pytest.approx(sum(softplus(-r / 2).mean() for r in of_real), rel=1e-5)


@pytest.mark.parametrize(
    ("shape", "latent_dim", "message"),
    [
        ((32, 32, 1), 1380 + 1, "latent_dim = 1381: .* are 1380; write 1380"),
        ((28, 28, 1), 1380, "data.size = 28 x 28: write multiples of 8, 32 at least"),
    ],
)
def test_refusals(shape, latent_dim, message):
    config = lapgan.default_config()
    config.latent_dim = latent_dim
    with pytest.raises(ValueError, match=message):
        sides_of(lapgan, config, shape)
