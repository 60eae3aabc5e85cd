"""ADDA's game against numpy; a step leaves the source's predictions as they are, bit for bit."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.build import build
from jaxgan.config import default_config
from jaxgan.game.game import Batch, Bound, Nets, init_state
from jaxgan.game.keys import Keys
from jaxgan.game.objectives import adda
from jaxgan.game.steps import train_step
from jaxgan.media.adaptation import Domains
from tests.models.test_domains import spec
from tests.models.test_pix2pix import FAST

RNG = np.random.default_rng(0)
SOURCE, TARGET = RNG.normal(size=(2, 6, 4)).astype(np.float32)
LABELS = RNG.integers(0, 3, 6).astype(np.int32)
WEIGHTS = {
    "source": RNG.normal(size=(4, 5)).astype(np.float32),
    "target": RNG.normal(size=(4, 5)).astype(np.float32),
    "classifier": RNG.normal(size=(5, 3)).astype(np.float32),
    "judge": RNG.normal(size=5).astype(np.float32),
}


def loss_of(player, w):
    nets = Nets({
        "generator": Bound({
            "source_features": lambda x: x @ w["source"],
            "target_features": lambda x: x @ w["target"],
            "classify": lambda f: f @ w["classifier"],
        }),
        "discriminator": Bound({"call": lambda f, condition=(): f @ w["judge"]}),
    })  # fmt: skip
    batch = Batch(Domains(jnp.asarray(SOURCE), jnp.asarray(TARGET)), jnp.asarray(LABELS))
    objective = adda.objectives(adda.default_config())[player]
    loss, outcome = objective(None, nets, {}, batch, Keys(jax.random.key(0)))
    return loss, outcome.metrics


def test_losses_are_those_of_the_paper():
    softplus = lambda x: np.log1p(np.exp(np.float64(x)))
    w = WEIGHTS
    source, target = (x @ w[n] @ w["judge"] for x, n in ((SOURCE, "source"), (TARGET, "target")))
    loss, metrics = loss_of("discriminator", w)
    assert float(loss) == pytest.approx(
        softplus(-source).mean() + softplus(target).mean(), rel=1e-5
    )
    right = ((source > 0).mean() + (target <= 0).mean()) / 2
    assert float(metrics["accuracy"]) == pytest.approx(right)
    loss, metrics = loss_of("generator", w)
    assert float(loss) == pytest.approx(softplus(-target).mean(), rel=1e-5)
    named = (SOURCE @ w["source"] @ w["classifier"]).argmax(-1)
    assert float(metrics["accuracy"]) == pytest.approx((named == LABELS).mean())


def test_the_encoder_learns_where_the_judge_is_sure():
    """The gradient by a logit of -12 is 1, where a reversed one has vanished."""
    slope = jax.grad(lambda w: loss_of("generator", w)[0])
    sure = {**WEIGHTS, "judge": WEIGHTS["judge"] * 100}
    features = TARGET @ WEIGHTS["target"] @ sure["judge"]
    share = 0.5 * (1 - np.tanh(np.float64(features) / 2))  # 1 / (1 + exp(x)), of softplus(-x)
    expected = -np.einsum("n,ni,j->ij", share, TARGET, sure["judge"]) / 6
    np.testing.assert_allclose(slope(sure)["target"], expected, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("norm", ["none", "batch"])
def test_steps_leave_the_sources_predictions_as_they_are(norm):
    config = default_config("adda", "adda")
    config.model.update(width=2, hidden=4, norm=norm)
    for player in (config.generator, config.discriminator):
        player.update(spectral_norm=False, orthogonal=0.0, b1=0.5, learning_rate=0.01)
    config.train.update(batch=4, num_d_steps=1)
    game = build(config, spec())
    side = game.players["generator"].side
    images = jnp.asarray(RNG.normal(size=(2, 4, 16, 16, 1)), jnp.float32)
    batch = Batch(Domains(images[:1, None], images[1:, None]), jnp.zeros((1, 1, 4), jnp.int32))
    state = init_state(game, 0)
    step = jax.jit(partial(train_step, game), compiler_options=FAST)

    @partial(jax.jit, compiler_options=FAST)
    def predicted(params):
        variables = {"params": params}
        features = side.calls["source_features"](variables, images[0])
        return side.calls["classify"](variables, features)

    first = state.players["generator"].params
    before = np.asarray(predicted(first))
    for _ in range(3):
        state, _ = step(state, batch)
    after = state.players["generator"].params
    np.testing.assert_array_equal(predicted(after), before)
    jax.tree.map(np.testing.assert_array_equal, after["source"], first["source"])
    assert max(np.abs(x).max() for x in jax.tree.leaves(after["moved"])) > 0.01
