"""GAN-CLS and GAN-INT against numpy: which pairs are judged, by whom, and how they weigh."""

from functools import partial
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.build import build
from jaxgan.config import default_config
from jaxgan.game import texts
from jaxgan.game.game import Batch, Bound, Drawn, Nets, Outcome, init_state
from jaxgan.game.keys import Keys
from jaxgan.game.objectives import gan_cls
from jaxgan.media.captions import captions
from tests.tiny import spec_of

TINY = {"condition": "data", "data.size": (8, 8), "data.text_dim": 6, "model.latent_dim": 3}
TINY |= {"model.width": 4, "model.text": 3, "objective.one_pass": False}
RNG = np.random.default_rng(0)
IMAGES = jnp.asarray(RNG.normal(size=(4, 3)), jnp.float32)
TEXTS = jnp.asarray(RNG.normal(size=(4, 2)), jnp.float32)
NOISE = jnp.asarray(RNG.normal(size=(4, 2)), jnp.float32)
MIXED, JUDGE = RNG.normal(size=(2, 3)), RNG.normal(size=(3, 2))


def draw(noise, text):
    return jnp.tanh((noise + 2 * text) @ jnp.float32(MIXED))


def judge(image, text):
    return ((image @ jnp.float32(JUDGE)) * text).sum(-1) - 0.2


def played(player, batch, **fields):
    """Return loss, outcome and what the discriminator was shown."""
    shown = []

    def seen(image, text):
        shown.append((image, text))
        return judge(image, text)

    config = gan_cls.default_config()
    config.update(fields)
    nets = Nets({
        "generator": Bound({"call": draw, "translate": draw}),
        "discriminator": Bound({"call": seen}),
    })  # fmt: skip
    game = SimpleNamespace(source=lambda key, batch: (NOISE[: len(batch[1])], batch.condition))
    objective = gan_cls.objectives(config)[player]
    loss, outcome = objective(game, nets, {}, batch, Keys(jax.random.key(0)))
    return float(loss), outcome, shown


def minus_log(p):
    return -np.log(p)


def probability(image, text):
    return 1 / (1 + np.exp(-((np.float64(image) @ JUDGE) * np.float64(text)).sum(-1) + 0.2))


def fakes(noise, text):
    return np.tanh((np.float64(noise) + 2 * np.float64(text)) @ MIXED)


def test_the_discriminators_loss_is_the_papers():
    found, outcome, _ = played("discriminator", Batch(IMAGES, TEXTS))
    real = probability(IMAGES, TEXTS)
    fake = probability(fakes(NOISE, TEXTS), TEXTS)
    wrong = probability(IMAGES, np.roll(TEXTS, 1, 0))
    halves = (minus_log(1 - fake) + minus_log(1 - wrong)) / 2
    assert found == pytest.approx((minus_log(real) + halves).mean(), rel=1e-5)
    logit = np.log(wrong / (1 - wrong)).mean()
    assert float(outcome.metrics["wrong_logits"]) == pytest.approx(logit, rel=1e-5)


def test_equal_captions_are_no_wrong_pair():
    """Where a neighbour has the same caption the generated image counts in its place."""
    text = TEXTS.at[1].set(TEXTS[0])
    found, _, _ = played("discriminator", Batch(IMAGES, text))
    fake = probability(fakes(NOISE, text), text)
    wrong = probability(IMAGES, np.roll(text, 1, 0))
    wrong[1] = fake[1]
    halves = (minus_log(1 - fake) + minus_log(1 - wrong)) / 2
    expected = (minus_log(probability(IMAGES, text)) + halves).mean()
    assert found == pytest.approx(expected, rel=1e-5)


def test_the_generators_loss_has_texts_between():
    own = probability(fakes(NOISE, TEXTS), TEXTS)
    between = (np.float64(TEXTS[::2]) + np.float64(TEXTS[1::2])) / 2
    mixed = minus_log(probability(fakes(NOISE[::2], between), between)).mean()
    for weight in (0.0, 1.0, 3.0):
        found, _, _ = played("generator", Batch(IMAGES, TEXTS), interpolation=weight)
        assert found == pytest.approx(minus_log(own).mean() + weight * mixed, rel=1e-5)


def test_the_discriminator_never_learns_from_a_text_between():
    _, _, shown = played("discriminator", Batch(IMAGES, TEXTS))
    known = {tuple(text) for text in np.asarray(TEXTS).tolist()}
    assert len(shown) == 3
    assert {tuple(text) for _, own in shown for text in np.asarray(own).tolist()} == known


def test_any_game_with_texts_keeps_the_newest_of_its_generators_turns():
    config = default_config("text_dcgan", "adversarial")
    config.update_from_flattened_dict(TINY)
    state = jax.eval_shape(partial(init_state, build(config, captions((8, 8, 1), 6).spec), 0))
    shapes = jax.tree.map(lambda x: x.shape, state.players["generator"].stats)
    assert shapes == {texts.NAME: {"vectors": (texts.MOST, 6), "count": ()}}
    assert not state.players["discriminator"].stats

    def objective(game, nets, stats, batch, keys):
        return 7.0, Outcome({**stats, "own": stats["own"] + 1}, {}, Drawn(batch, batch, ()))

    own = {"generator": {"own": lambda: jnp.int32(0)}}
    players, inits = texts.keeping({"generator": objective, "discriminator": objective}, own, 2)
    assert players["discriminator"] is objective
    stats = {name: init() for name, init in inits["generator"].items()}
    for _ in range(2):
        loss, outcome = players["generator"](None, None, stats, Batch(IMAGES, TEXTS), None)
        stats = outcome.stats
    assert loss == 7.0 and int(stats["own"]) == 2
    kept = stats[texts.NAME]
    np.testing.assert_array_equal(kept["vectors"][:8], np.tile(TEXTS, (2, 1)))
    assert int(kept["count"]) == 8 and not kept["vectors"][8:].any()


def test_texts_are_kept_newest_first():
    """The last MOST text vectors, however many come at once."""
    step, kept, all_texts = jax.jit(texts.with_newest), texts.empty(3), np.zeros((0, 3))
    rng = np.random.default_rng(2)
    for _ in range(9):
        new = np.float32(rng.normal(size=(40, 3)))
        kept, all_texts = step(kept, new), np.concatenate([new, all_texts])
        count = int(kept["count"])
        assert count == min(len(all_texts), texts.MOST)
        np.testing.assert_array_equal(kept["vectors"][:count], np.float32(all_texts[:count]))
    few = texts.with_newest(texts.empty(3), jnp.asarray(new))
    found = np.asarray(texts.drawn(few, jax.random.key(0), 500))
    assert {tuple(row) for row in found.tolist()} == {tuple(row) for row in new.tolist()}


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"a microbatch of 3 has no pairs of captions"):
        played("generator", Batch(IMAGES[:3], TEXTS[:3]))
    with pytest.raises(ValueError, match=r"objective.interpolation = -1"):
        played("generator", Batch(IMAGES, TEXTS), interpolation=-1.0)
    with pytest.raises(ValueError, match=r"objective 'gan_cls' needs generator.translate"):
        build(default_config("dcgan", "gan_cls"), spec_of((8, 8, 1), 3))
