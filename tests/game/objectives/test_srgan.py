"""SRGAN's losses against numpy; without an adversarial part the judge is left as it is."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.game.game import Batch, Bound, Nets
from jaxgan.game.keys import Keys
from jaxgan.game.objectives import srgan
from tests.game.objectives.test_pix2pix import Game

RNG = np.random.default_rng(0)
SMALL = jnp.asarray(RNG.uniform(-1, 1, (4, 1, 1, 1)), jnp.float32)
TRUE = jnp.asarray(RNG.uniform(-1, 1, (4, 2, 2, 1)), jnp.float32)


def made(noise, source):
    return 0.5 * jnp.repeat(jnp.repeat(source, 2, 1), 2, 2)


def losses_of(slope=3.0, **fields):
    # Logits that depend on the image alone, and on the other images of its batch, as a norm's do.
    judge = lambda image, source: slope * (image - image.mean()).max((1, 2, 3))
    nets = Nets({
        "generator": Bound({"call": made, "translate": made}),
        "discriminator": Bound({"call": judge}),
    })  # fmt: skip
    config = srgan.default_config()
    config.update(fields)
    batch, keys = Batch(TRUE, SMALL), Keys(jax.random.key(0))
    found = srgan.objectives(config).items()
    return {name: objective(Game(), nets, {}, batch, keys) for name, objective in found}


def test_losses_are_those_of_the_paper():
    true, fake = np.float64(TRUE), np.float64(made((), SMALL))
    logits = lambda x: 3 * (x - x.mean()).max((1, 2, 3))  # real and fake apart
    log = lambda x: np.log1p(np.exp(-x)).mean()  # -log s(x)
    found = losses_of(content=2.0, adversarial=0.1)
    expected = log(logits(true)) + log(-logits(fake))
    assert float(found["discriminator"][0]) == pytest.approx(expected, rel=1e-5)
    content, adversarial = ((true - fake) ** 2).mean(), log(logits(fake))
    total, outcome = found["generator"]
    assert float(total) == pytest.approx(2 * content + 0.1 * adversarial, rel=1e-5)
    assert float(outcome.metrics["content"]) == pytest.approx(content, rel=1e-5)
    assert float(outcome.metrics["share"]) == pytest.approx(
        0.1 * adversarial / (2 * content + 0.1 * adversarial), rel=1e-5
    )


def test_without_an_adversarial_part_the_judge_stays():
    loss = lambda slope: losses_of(slope, adversarial=0.0)["discriminator"][0]
    assert jax.value_and_grad(loss)(3.0) == (0.0, 0.0)
    expected = float(((np.float64(TRUE) - made((), SMALL)) ** 2).mean())
    found, _ = losses_of(adversarial=0.0)["generator"]
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_refusals():
    for field in ("content", "adversarial"):
        with pytest.raises(ValueError, match=f"objective.{field} = -1.0: write 0"):
            losses_of(**{field: -1.0})
