"""BigBiGAN's two losses against numpy, and what each network learns from each score."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from jaxgan import optimizers
from jaxgan.config import default_config
from jaxgan.game.game import Batch, Bound, Nets
from jaxgan.game.keys import Keys
from jaxgan.game.objectives import bigbigan
from jaxgan.models.bigbigan import Scores, pooled

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(5, 4, 4, 1)).astype("f4")  # twice the size of what G makes
LATENTS = RNG.normal(size=(5, 4)).astype("f4")
BATCH = Batch(jnp.asarray(IMAGES), jnp.zeros(5, jnp.int32))
KEYS = Keys(jax.random.key(3))
NAMES = ("x", "z", "xz")
V = {"g": np.float32(0.8), "e": np.float32(0.6), "d": np.array([1.1, -0.7, 0.9], "f4")}


class Game:
    @staticmethod
    def source(key, batch):
        return jnp.asarray(LATENTS), jnp.zeros(5, jnp.int32)


def nets(v):
    """G(z) = tanh(g z), E(x) = e x' + noise / 10 of the pooled x', D: three products."""

    def generate(latents, labels):
        return jnp.tanh(v["g"] * latents).reshape(-1, 2, 2, 1)

    def draw_code(images, noise):
        assert images.shape == (5, 4, 4, 1)  # the encoder sees the whole image
        return v["e"] * pooled(images, 2).reshape(-1, 4) + 0.1 * noise

    def score_pair(images, latents):
        assert images.shape == (10, 2, 2, 1)
        x, z = images.reshape(-1, 4), latents
        return Scores(v["d"][0] * x.sum(-1), v["d"][1] * z.sum(-1), v["d"][2] * (x * z).sum(-1))

    generator = Bound({"call": generate, "draw_code": draw_code})
    discriminator = Bound({"score_pair": score_pair, "pooled": lambda x: pooled(x, 2)})
    return Nets({"generator": generator, "discriminator": discriminator})


def pairs():
    """Return {score: (of (x, E(x)), of (G(z), z))} in float64."""
    noise = np.float64(jax.random.normal(KEYS["code"], (5, 4)))
    x = np.float64(IMAGES).reshape(5, 2, 2, 2, 2).mean((2, 4)).reshape(5, 4)
    z, codes = np.float64(LATENTS), V["e"] * x + 0.1 * noise
    fakes = np.tanh(V["g"] * z)
    scores = lambda x, z: (V["d"][0] * x.sum(1), V["d"][1] * z.sum(1), V["d"][2] * (x * z).sum(1))
    return dict(zip(NAMES, zip(scores(x, codes), scores(fakes, z), strict=True), strict=True))


def loss(role, v, scores=NAMES):
    objective = getattr(bigbigan, f"{role}_objective")
    return objective(Game, nets(v), {}, BATCH, KEYS, scores=scores)[0]


@pytest.mark.parametrize("scores", [NAMES, ("xz",), ("x", "z")])
def test_losses(scores):
    """Each score is cut on its own: the hinge of their sum is another number."""
    chosen = [pairs()[name] for name in scores]
    cut = lambda t: np.maximum(0, 1 - t)
    expected = sum(cut(r) + cut(-f) for r, f in chosen).mean()
    assert float(loss("discriminator", V, scores)) == pytest.approx(expected, rel=1e-5)
    if len(scores) > 1:
        of_sum = cut(sum(r for r, _ in chosen)) + cut(-sum(f for _, f in chosen))
        assert of_sum.mean() != pytest.approx(expected, rel=0.05)
    expected = sum(r - f for r, f in chosen).mean()
    assert float(loss("generator", V, scores)) == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_what_each_network_learns_from_each_score():
    """E nothing from s_x, G nothing from s_z; both from s_xz."""
    learns = {
        name: {
            net: abs(float(jax.grad(lambda v, n=name: loss("generator", v, (n,)))(V)[net])) > 1e-4
            for net in ("g", "e")
        }
        for name in NAMES
    }
    assert learns == {
        "x": {"g": True, "e": False},
        "z": {"g": False, "e": True},
        "xz": {"g": True, "e": True},
    }


@pytest.mark.parametrize(
    ("role", "name"), [("generator", "g"), ("generator", "e"), ("discriminator", "d")]
)
def test_gradients_by_differences(role, name):
    value = lambda x: loss(role, {**V, name: x})
    check_grads(value, (V[name],), order=1, modes=["rev"], eps=1e-2, atol=1e-2, rtol=1e-2)


def test_scores_are_named():
    config = bigbigan.default_config()
    config.scores = ("x", "y")
    with pytest.raises(ValueError, match=r"objective.scores = \('x', 'y'\): write some of"):
        bigbigan.objectives(config)


def test_two_learning_rates_in_one_player():
    """The first step of Adam is the rate times the sign: E's leaves move by E's rate."""
    config = default_config().generator
    config.update(learning_rate=0.25, encoder_learning_rate=0.5, orthogonal=0.0, eps=1e-12)
    params = {"encoder": {"kernel": jnp.ones((2, 2))}, "generator": {"kernel": jnp.ones(3)}}
    optimizer = optimizers.optimizer(config)
    gradients = jax.tree.map(lambda x: -3.0 * x, params)
    with jax.numpy_dtype_promotion("standard"):  # as in steps.py
        updates, _ = optimizer.update(gradients, optimizer.init(params), params)
    np.testing.assert_allclose(updates["encoder"]["kernel"], 0.5, rtol=1e-5)
    np.testing.assert_allclose(updates["generator"]["kernel"], 0.25, rtol=1e-5)
    with pytest.raises(ValueError, match="encoder_learning_rate: this model has no encoder"):
        optimizer.init({"linear": {"kernel": jnp.ones(3)}})
