"""The losses of Everybody Dance Now against numpy: a toy generator and judge that are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.game.game import Batch, Bound, Nets
from jaxgan.game.keys import Keys
from jaxgan.game.latent_steps import no_latent_step
from jaxgan.game.objectives import dance

RNG = np.random.default_rng(0)
POSES, TRUE = (jnp.asarray(RNG.uniform(-1, 1, (3, 2, 2, 2, 1)), jnp.float32) for _ in range(2))


class Game:
    latent_step = no_latent_step

    @staticmethod
    def source(key, batch):
        return (), batch.condition


def made(noise, poses):
    first = 0.5 * poses[:, 0]
    return jnp.stack([first, 0.2 * poses[:, 1] + first], 1)


def activations(frames, poses):
    fine = 3 * frames[:, 1:] + poses[:, :1]
    coarse = (frames[:, 1:] - frames[:, :1]).mean((2, 3), keepdims=True)
    return (fine, 2 * fine, fine[..., 0]), (coarse, coarse[..., 0] + 1)


def losses_of(**fields):
    judge = lambda *x: tuple(scale[-1] for scale in activations(*x))
    nets = Nets({
        "generator": Bound({"call": made}),
        "discriminator": Bound({"call": judge, "activations": activations}),
    })  # fmt: skip
    config = dance.default_config()
    config.update(fields)
    batch, keys = Batch(TRUE, POSES), Keys(jax.random.key(0))
    found = dance.objectives(config).items()
    return {name: objective(Game(), nets, {}, batch, keys) for name, objective in found}


def test_losses_are_those_of_the_formula():
    found = losses_of(adversarial=3.0, features=7.0, l1=5.0)
    true, poses = np.float64(TRUE), np.float64(POSES)
    fake = np.stack([0.5 * poses[:, 0], 0.2 * poses[:, 1] + 0.5 * poses[:, 0]], 1)
    real, generated = activations(true, poses), activations(fake, poses)
    expected = sum(
        ((r[-1] - 1) ** 2).mean() / 2 + (f[-1] ** 2).mean() / 2
        for r, f in zip(real, generated, strict=True)
    )
    assert float(found["discriminator"][0]) == pytest.approx(expected, rel=1e-5)
    adversarial = sum(((f[-1] - 1) ** 2).mean() / 2 for f in generated)
    distance = np.mean([
        sum(np.abs(a - b).mean() for a, b in zip(r[:-1], f[:-1], strict=True))
        for r, f in zip(real, generated, strict=True)
    ])  # fmt: skip
    l1 = np.abs(true - fake).mean()
    total, outcome = found["generator"]
    assert float(total) == pytest.approx(3 * adversarial + 7 * distance + 5 * l1, rel=1e-5)
    assert float(outcome.metrics["l1"]) == pytest.approx(l1, rel=1e-5)
    assert float(outcome.metrics["features"]) == pytest.approx(distance, rel=1e-5)


def test_refusals():
    for field in dance.WEIGHTS:
        with pytest.raises(ValueError, match=f"objective.{field} = -1.0: write 0"):
            losses_of(**{field: -1.0})
