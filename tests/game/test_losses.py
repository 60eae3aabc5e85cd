"""Losses against numpy, and f-divergences against their closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from scipy.integrate import quad
from scipy.stats import norm

from jaxgan.game import losses

REAL = np.array([-3.0, -0.5, 0.0, 0.7, 1.0, 4.0], np.float32)
FAKE = np.array([2.0, 0.9, -1.0, -1.5, 0.1, -6.0], np.float32)
LOSSES = {name: loss for name, loss in vars(losses).items() if isinstance(loss, losses.Loss)}


def sigmoid(x):
    return 1 / (1 + np.exp(-np.asarray(x, np.float64)))


def test_hinge():
    expected = np.maximum(0, 1 - REAL) + np.maximum(0, 1 + FAKE)
    np.testing.assert_array_equal(losses.hinge.discriminator(REAL, FAKE), expected)
    np.testing.assert_array_equal(losses.hinge.generator(FAKE), -FAKE)


@pytest.mark.parametrize("name", ["minimax", "non_saturating"])
def test_the_gan_of_2014(name):
    expected = -np.log(sigmoid(REAL)) - np.log(1 - sigmoid(FAKE))
    found = LOSSES[name].discriminator(REAL, FAKE)
    np.testing.assert_allclose(found, expected, rtol=1e-6)  # a few float32 roundings
    fake = sigmoid(FAKE)
    value, slope = {
        "minimax": (np.log(1 - fake), -fake),  # the slope goes to 0 where the logit does to -inf
        "non_saturating": (-np.log(fake), fake - 1),
    }[name]
    generator = LOSSES[name].generator
    np.testing.assert_allclose(generator(FAKE), value, rtol=1e-6)
    found = jax.grad(lambda x: generator(x).sum())(jnp.asarray(FAKE))
    np.testing.assert_allclose(found, slope, rtol=1e-5)


def test_label_smoothing_is_one_sided():
    real, fake = sigmoid(REAL), sigmoid(FAKE)
    expected = -0.9 * np.log(real) - 0.1 * np.log(1 - real) - np.log(1 - fake)
    found = losses.label_smoothing.discriminator(REAL, FAKE)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    # Where data and model have densities p and q, the best D is 0.9 p / (p + q).
    p, q = 0.7, 0.4
    best = np.log(0.9 * p / (p + q - 0.9 * p))
    zero = losses.label_smoothing.discriminator(jnp.zeros(()), jnp.zeros(())) / 2  # of each side
    bound = lambda v: (
        p * (losses.label_smoothing.discriminator(v, jnp.zeros(())) - zero)
        + q * (losses.label_smoothing.discriminator(jnp.zeros(()), v) - zero)
    )
    assert float(jax.grad(bound)(jnp.float32(best))) == pytest.approx(0, abs=1e-6)


def test_least_squares():
    expected = (REAL - 1) ** 2 / 2 + FAKE**2 / 2
    np.testing.assert_allclose(losses.least_squares.discriminator(REAL, FAKE), expected, rtol=1e-6)
    found = losses.least_squares.generator(FAKE)
    np.testing.assert_allclose(found, (FAKE - 1) ** 2 / 2, rtol=1e-6)


def test_energy_based():
    margin = 2.5
    real, fake = np.array([0.1, 0.0, 3.0]), np.array([0.3, 2.5, 4.0])  # energies
    logits = (jnp.float32(-real / margin), jnp.float32(-fake / margin))
    found = margin * losses.energy_based.discriminator(*logits)
    np.testing.assert_allclose(found, real + np.maximum(0, margin - fake), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(margin * losses.energy_based.generator(logits[1]), fake, rtol=1e-6)


def test_top_k():
    """The mean over the batch is the mean over its two best; the others get no gradient."""
    loss = losses.top_k(losses.non_saturating, 0.3)  # 1.8 of 6
    best = np.sort(FAKE)[-2:]
    found = loss.generator(jnp.asarray(FAKE)).mean()
    assert float(found) == pytest.approx(np.log1p(np.exp(-best)).mean(), rel=1e-6)
    slope = jax.grad(lambda x: loss.generator(x).mean())(jnp.asarray(FAKE))
    np.testing.assert_array_equal(np.asarray(slope) != 0, np.isin(FAKE, best))
    assert loss.discriminator is losses.non_saturating.discriminator


def test_top_k_of_patches_takes_the_images_with_the_best_mean():
    fake = np.zeros((4, 4, 3), np.float32)  # of image i, the mean is i / 10
    fake += np.arange(4)[:, None, None] / 10
    fake[0, :2], fake[0, 2:] = 5.0, -5.0  # its best patch is the best of all
    loss = losses.top_k(losses.non_saturating, 0.5)
    slope = jax.grad(lambda x: losses.each(loss.generator, x).mean())(jnp.asarray(fake))
    assert (np.asarray(slope) != 0).all((1, 2)).tolist() == [False, False, True, True]
    found = losses.each(loss.generator, jnp.asarray(fake)).mean()
    assert float(found) == pytest.approx(np.log1p(np.exp([-0.2, -0.3])).mean(), rel=1e-6)


# Table 6 of arXiv 1606.00709, literally: f(u), f*(t), the activation.
F_DIVERGENCES = {
    "kl": (lambda u: u * np.log(u), lambda t: np.exp(t - 1), lambda v: v),
    "reverse_kl": (lambda u: -np.log(u), lambda t: -1 - np.log(-t), lambda v: -np.exp(-v)),
    "jensen_shannon": (
        lambda u: u * np.log(u) - (u + 1) * np.log((u + 1) / 2),
        lambda t: -np.log(2 - np.exp(t)),
        lambda v: np.log(2) - np.log(1 + np.exp(-v)),
    ),
    "pearson": (lambda u: (u - 1) ** 2, lambda t: t**2 / 4 + t, lambda v: v),
    "squared_hellinger": (
        lambda u: (np.sqrt(u) - 1) ** 2,
        lambda t: t / (1 - t),
        lambda v: 1 - np.exp(-v),
    ),
}
# The logit at which the bound is attained, a^-1(f'(u)), for u = data / model.
OPTIMAL_LOGIT = {
    "kl": lambda u: 1 + np.log(u),
    "reverse_kl": np.log,
    "jensen_shannon": np.log,
    "pearson": lambda u: 2 * (u - 1),
    "squared_hellinger": lambda u: np.log(u) / 2,
}
SHIFT = 0.8
# Between N(0, 1) and N(shift, 1); that of Jensen and Shannon has no closed form.
CLOSED_FORMS = {
    "kl": SHIFT**2 / 2,
    "reverse_kl": SHIFT**2 / 2,
    "pearson": np.exp(SHIFT**2) - 1,
    "squared_hellinger": 2 - 2 * np.exp(-(SHIFT**2) / 8),
}


@pytest.mark.parametrize("name", F_DIVERGENCES)
def test_f_gan_is_the_table_of_the_paper(name):
    _, conjugate, activation = F_DIVERGENCES[name]
    real, fake = REAL.astype(np.float64), FAKE.astype(np.float64)
    expected = -activation(real) + conjugate(activation(fake))
    # 2e-6: sums of terms of either sign, each rounded to float32.
    close = {"rtol": 2e-6, "atol": 2e-6}
    np.testing.assert_allclose(LOSSES[name].discriminator(REAL, FAKE), expected, **close)
    np.testing.assert_allclose(LOSSES[name].generator(FAKE), -conjugate(activation(fake)), **close)


@pytest.mark.parametrize("name", F_DIVERGENCES)
def test_the_best_discriminator_attains_the_divergence(name):
    """Minus the loss, integrated over both densities, is the divergence; others give less."""
    data, model, f = norm(0, 1), norm(SHIFT, 1), F_DIVERGENCES[name][0]
    x = np.linspace(-9, 9, 4001)
    p, q = data.pdf(x), model.pdf(x)

    def bound(logits):
        logits = jnp.asarray(logits, jnp.float32)
        zero = jnp.zeros_like(logits)
        at_zero = LOSSES[name].discriminator(zero, zero)
        of_real = LOSSES[name].discriminator(logits, zero) - at_zero
        of_fake = LOSSES[name].discriminator(zero, logits)  # with the constant, once
        return -np.trapezoid(p * np.asarray(of_real) + q * np.asarray(of_fake), x)

    divergence, _ = quad(lambda t: model.pdf(t) * f(data.pdf(t) / model.pdf(t)), -9, 9)
    if name in CLOSED_FORMS:
        assert divergence == pytest.approx(CLOSED_FORMS[name], rel=1e-6)
    best = OPTIMAL_LOGIT[name](p / q)
    # 1e-4: logits up to 1e6 (Pearson's) in float32, weighted by densities down to 1e-18.
    assert bound(best) == pytest.approx(divergence, rel=1e-4)
    for change in (0.3, -0.3, 0.2 * np.sin(x)):
        assert bound(best + change) < divergence - 1e-3


def test_jensen_shannon_is_minimax_plus_log_4():
    found = losses.jensen_shannon.discriminator(REAL, FAKE)
    expected = losses.minimax.discriminator(REAL, FAKE) - np.float32(np.log(4))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_wasserstein_attains_the_distance_of_two_shifted_densities():
    """W1 between N(0, 1) and N(shift, 1) is the shift, attained by the 1-Lipschitz D(x) = -x."""
    real = norm(0, 1).ppf((np.arange(1000) + 0.5) / 1000)
    fake = real + SHIFT
    loss = losses.wasserstein.discriminator(jnp.float32(-real), jnp.float32(-fake))
    assert float(-loss.mean()) == pytest.approx(SHIFT, rel=1e-5)
    np.testing.assert_array_equal(losses.wasserstein.generator(FAKE), -FAKE)


@pytest.mark.parametrize("name", LOSSES)
def test_one_value_for_each_example_and_gradients(name):
    loss = LOSSES[name]
    assert loss.discriminator(REAL, FAKE).shape == REAL.shape
    assert jax.eval_shape(loss.generator, jnp.asarray(FAKE)).shape == FAKE.shape
    real, fake = jnp.array([-1.3, 0.4, 2.0]), jnp.array([0.3, -0.6, 1.2])  # no kink of the hinge
    check_grads(loss.discriminator, (real, fake), order=2, modes="rev", rtol=0.02, atol=0.02)
    check_grads(loss.generator, (fake,), order=2, modes="rev", rtol=0.02, atol=0.02)


@pytest.mark.parametrize("name", ["minimax", "non_saturating", "jensen_shannon"])
def test_large_logits_are_finite(name):
    large = jnp.array([-1e4, 1e4])
    values = (LOSSES[name].discriminator(large, large), LOSSES[name].generator(large))
    assert all(bool(jnp.isfinite(v).all()) for v in values)
