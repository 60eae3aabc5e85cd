"""The game of next frames: its losses from numpy, and what weighs nothing is not there."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.build import build
from jaxgan.config import default_config
from jaxgan.game.game import Batch, Nets, bind
from jaxgan.game.keys import Keys
from jaxgan.game.objectives.next_frame import distance, gradient_difference
from jaxgan.media.next_frames import next_frames
from tests.tiny import drawn

FAST = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
SHAPE, CONTEXT = (5, 8, 8, 1), 3


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("exponent", [1.0, 1.5, 2.0])
def test_distances_are_numpys(exponent):
    made, true = normal(3, 2, 4, 5, 2), normal(3, 2, 4, 5, 2, seed=1)
    found = distance(made, true, exponent)
    np.testing.assert_allclose(
        found, (np.abs(made - true) ** exponent).reshape(3, -1).mean(1), rtol=1e-5
    )
    expected = np.zeros(3)
    for b, t, c in np.ndindex(3, 2, 2):
        for g, y in ((made, true), (np.moveaxis(made, 2, 3), np.moveaxis(true, 2, 3))):
            rows = [
                abs(
                    abs(y[b, t, i, :, c] - y[b, t, i - 1, :, c])
                    - abs(g[b, t, i, :, c] - g[b, t, i - 1, :, c])
                )
                ** exponent
                for i in range(1, y.shape[2])
            ]
            expected[b] += np.mean(rows) / 4  # of two frames of two channels
    np.testing.assert_allclose(gradient_difference(made, true, exponent), expected, rtol=1e-5)


def test_only_the_difference_of_gradients_is_blind_to_a_constant():
    true = normal(1, 1, 6, 6, 1)
    assert gradient_difference(true + 0.5, true, 1.0) < 1e-6 < distance(true + 0.5, true, 2.0)
    blurred = np.full_like(true, true.mean())
    assert gradient_difference(blurred, true, 1.0) > 1.0 > gradient_difference(-true, true, 1.0)


def game_of(**fields):
    config = default_config("next_frame", "next_frame")
    config.data.update(size=SHAPE[:3], medium="next_frames", context=CONTEXT)
    config.condition = "data"
    config.model.width = 2
    config.objective.update(fields)
    return build(config, next_frames(SHAPE, CONTEXT).spec)


def bound(game):
    return Nets({n: bind(p.side, drawn_of(p.side)) for n, p in game.players.items()})


def drawn_of(side):
    return drawn(jax.eval_shape(side.init, jax.random.key(0)))


BATCH = Batch(jnp.asarray(normal(4, 2, 8, 8, 1)), jnp.asarray(normal(4, 3, 8, 8, 1, seed=1)))


def losses_of(name, **fields):
    game = game_of(**fields)

    def both():
        nets = bound(game)
        found = game.players[name].objective(game, nets, {}, BATCH, Keys(jax.random.key(0)))
        made = nets.generator.scales((), BATCH.condition)
        true = nets.discriminator.pyramid(BATCH.sample)
        judge = lambda scales: nets.discriminator.judge(scales, BATCH.condition)
        return found[0], found[1].metrics, made, true, judge(made), judge(true)

    return jax.device_get(jax.jit(both, compiler_options=FAST)())


def softplus(x):
    return np.logaddexp(0, x)


def test_the_discriminators_loss_is_the_sum_over_scales():
    total, metrics, _, _, fake, real = losses_of("discriminator")
    assert len(fake) == 2 and fake[0].shape == (4, 2)  # frames count once each
    expected = sum(
        softplus(-r).mean() + softplus(f).mean() for r, f in zip(real, fake, strict=True)
    )
    np.testing.assert_allclose(total, expected, rtol=1e-5)
    np.testing.assert_allclose(metrics["fake_logits"], sum(f.mean() for f in fake), rtol=1e-4)


def test_the_generators_loss_is_three_parts():
    weights = {"lp": 2.0, "p": 1.0, "gdl": 3.0, "adversarial": 0.5}
    total, metrics, made, true, fake, _ = losses_of("generator", **weights)
    pairs = list(zip(made, true, strict=True))
    lp = sum(np.abs(g - y).mean() for g, y in pairs)
    gdl = sum(
        np.abs(np.abs(np.diff(g, axis=axis)) - np.abs(np.diff(y, axis=axis))).mean()
        for g, y in pairs
        for axis in (2, 3)
    )
    adversarial = sum(softplus(-f).mean() for f in fake)
    np.testing.assert_allclose(total, 2 * lp + 3 * gdl + 0.5 * adversarial, rtol=1e-4)
    for name, value in {"lp": lp, "gdl": gdl, "adversarial": adversarial}.items():
        np.testing.assert_allclose(metrics[name], value, rtol=1e-4)


def test_without_an_adversarial_part_nobody_asks_the_discriminator():
    total, metrics, *_ = losses_of("discriminator", adversarial=0.0)
    assert total == 0 and metrics == {}
    assert "adversarial" not in losses_of("generator", adversarial=0.0)[1]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"gdl": -1.0}, "objective.gdl = -1.0: write 0 or more"),
        ({"p": 0.5}, "objective.p = 0.5: write an exponent of 1 or more"),
    ],
)
def test_refusals(fields, words):
    with pytest.raises(ValueError, match=words):
        game_of(**fields)
