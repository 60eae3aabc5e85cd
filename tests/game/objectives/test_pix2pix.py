"""pix2pix's losses against numpy: a toy generator and judge whose outputs are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.build import build
from jaxgan.config import default_config
from jaxgan.game.game import Batch, Bound, Nets
from jaxgan.game.keys import Keys
from jaxgan.game.objectives import pix2pix
from jaxgan.media.pairs import pairs
from tests.tiny import spec_of

RNG = np.random.default_rng(0)
SOURCE, TRUE = (jnp.asarray(RNG.uniform(-1, 1, (4, 2, 2, 1)), jnp.float32) for _ in range(2))


class Game:
    """A source without noise."""

    @staticmethod
    def source(key, batch):
        return (), batch.condition


def nets():
    made = lambda noise, source: 0.5 * source
    # A grid of 2 x 2 logits, which depend on the image and on its source.
    judge = lambda image, source: (3 * image + source)[..., 0]
    return Nets({
        "generator": Bound({"call": made, "translate": made}),
        "discriminator": Bound({"call": judge}),
    })  # fmt: skip


def losses_of(**fields):
    config = pix2pix.default_config()
    config.update(fields)
    found = {}
    for name, objective in pix2pix.objectives(config).items():
        keys = Keys(jax.random.key(0))
        found[name] = objective(Game(), nets(), {}, Batch(TRUE, SOURCE), keys)
    return found


def test_losses_are_those_of_the_paper():
    source, true = np.float64(SOURCE), np.float64(TRUE)
    fake = 0.5 * source
    real_logits, fake_logits = 3 * true + source, 3 * fake + source
    log = lambda x: np.log1p(np.exp(-x))  # -log s(x)
    found = losses_of(l1=7.0)
    expected = (log(real_logits).mean() + log(-fake_logits).mean()) / 2
    assert float(found["discriminator"][0]) == pytest.approx(expected, rel=1e-5)
    l1 = np.abs(true - fake).mean()
    expected = log(fake_logits).mean() + 7 * l1
    assert float(found["generator"][0]) == pytest.approx(expected, rel=1e-5)
    assert float(found["generator"][1].metrics["l1"]) == pytest.approx(l1, rel=1e-5)
    alone = losses_of(adversarial=0.0, l1=7.0)["generator"][0]  # the paper's ablation
    assert float(alone) == pytest.approx(7 * l1, rel=1e-5)


def test_what_does_not_fit_is_refused_by_field():
    for field in ("adversarial", "l1"):
        with pytest.raises(ValueError, match=f"objective.{field} = -1.0: write 0"):
            losses_of(**{field: -1.0})
    config = default_config("pix2pix", "pix2pix")
    config.data.size, config.model.width, config.model.patch_layers = (16, 16), 4, 2
    with pytest.raises(
        ValueError, match=r"condition = 'prior': only labels and numbers can be drawn"
    ):
        build(config, pairs((16, 16, 2), 1).spec)
    with pytest.raises(ValueError, match=r"translates images, .*: write data.medium = 'pairs'"):
        build(config, spec_of((16, 16, 1), 3))
