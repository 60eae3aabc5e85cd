"""What is put on top of an objective: terms, augmentations, their stats; against numpy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.config import default_config
from jaxgan.game.game import Batch, Bound, Drawn, Nets, Outcome
from jaxgan.game.keys import Keys
from jaxgan.game.objectives.draw import judged
from jaxgan.game.schedules import of_steps
from jaxgan.game.terms import compose, consistency, penalties, wrappers
from jaxgan.game.terms.augmentations import diff_augment, instance_noise
from jaxgan.game.terms.lecam import lecam

RNG = np.random.default_rng(0)
REAL, LATENTS, SLOPE = (RNG.normal(size=s).astype(np.float32) for s in ((3, 2, 2, 1), (3, 4), (4,)))
LABELS = jnp.zeros(3, jnp.int32)
KEYS = Keys(jax.random.key(0))


def generate(latents, labels):
    return 2.0 * latents.reshape(-1, 2, 2, 1)


def discriminate(images, labels):
    return images.reshape(len(images), -1) @ jnp.asarray(SLOPE)


D = Bound({"call": discriminate})
NETS = Nets({"generator": Bound({"call": generate}), "discriminator": D})
BATCH = Batch(jnp.asarray(REAL), LABELS)
FAKE = 2.0 * LATENTS.reshape(3, 2, 2, 1)
MADE = Batch(jnp.asarray(FAKE), LABELS)
LOGITS = discriminate(*BATCH), discriminate(*MADE)
DRAWN = Drawn(BATCH, MADE, jnp.asarray(LATENTS), LOGITS)


def logit(images):
    return images.reshape(len(images), -1).astype(np.float64) @ SLOPE


def plain(game, nets, stats, batch, keys):
    """D's mean logit of real images, as it sees them."""
    logits = nets.discriminator.call(*batch)
    drawn = DRAWN._replace(real=batch, logits=(logits, LOGITS[1]))
    return logits.mean(), Outcome(stats, {"own": 1.0}, drawn)


BOTH = {"generator": plain, "discriminator": plain}


def composed(config, objectives=None, **fields):
    """Return what a config puts on objectives, for schedules of 64 images a step."""
    terms = compose.terms_of(config, 64)
    return compose.with_terms(config, objectives or BOTH, terms, 64, **fields)


def test_a_term_is_added_to_loss_and_metrics_and_keeps_its_state_under_its_name():
    def value(nets, drawn, state, keys):
        np.testing.assert_array_equal(drawn.real.sample, REAL)
        np.testing.assert_array_equal(drawn.fake.sample, FAKE)
        np.testing.assert_array_equal(drawn.noise, LATENTS)
        assert nets is NETS and keys.root == KEYS["term mine"]
        return jnp.array([1.0, 2.0, 6.0]), {"count": state["count"] + 1}

    term = wrappers.Term(lambda: {"count": 0}, value)
    stats = {"mine": {"count": 4}, "others": 7}
    loss, outcome = wrappers.plus(plain, "mine", term)(None, NETS, stats, BATCH, KEYS)
    assert float(loss) == pytest.approx(logit(REAL).mean() + 3, rel=1e-6)
    assert outcome.stats == {"mine": {"count": 5}, "others": 7}
    assert outcome.metrics == {"own": 1.0, "mine": 3.0}


def test_consistency():
    """Of a linear discriminator at images and at what T makes of them, drawn with the same keys."""

    def value(*weights):
        term = consistency.discriminator_term(*weights, noise=0.5)
        found, state = term.value(NETS, DRAWN, {}, KEYS)
        assert state == {}
        return found

    near = np.asarray(consistency.transformed(jnp.asarray(REAL), KEYS["real"]))
    of_real = (logit(REAL) - logit(near)) ** 2
    near = np.asarray(consistency.transformed(jnp.asarray(FAKE), KEYS["fake"]))
    of_fake = (logit(FAKE) - logit(near)) ** 2
    noise = 0.5 * np.asarray(jax.random.normal(KEYS["nearby"], LATENTS.shape))
    of_latents = logit(2 * noise) ** 2
    assert of_real.max() > 0.1 and of_fake.max() > 0.1
    for weights, expected in (
        ((3.0, 0.0, 0.0), 3 * of_real),
        ((3.0, 2.0, 0.0), 3 * of_real + 2 * of_fake),
        ((0.0, 0.0, 5.0), 5 * of_latents),
    ):
        np.testing.assert_allclose(value(*weights), expected, rtol=1e-4, atol=1e-5)
    spread, _ = consistency.generator_term(0.5).value(NETS, DRAWN, {}, KEYS)
    np.testing.assert_allclose(spread, -((2 * noise) ** 2).mean(-1), rtol=1e-5)


def test_lecam_and_its_moving_averages():
    term = lecam(0.9)
    state, real, fake = term.init(), 0.0, 0.0
    for _ in range(2):
        real, fake = 0.9 * real + 0.1 * logit(REAL).mean(), 0.9 * fake + 0.1 * logit(FAKE).mean()
        found, state = term.value(NETS, DRAWN, state, KEYS)
        expected = (logit(REAL) - fake) ** 2 + (logit(FAKE) - real) ** 2
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert float(state["real"]) == pytest.approx(real, rel=1e-5)
    scaled = lambda s: DRAWN._replace(logits=tuple(s * x for x in LOGITS))
    # The averages carry no gradient: at s = 1 the derivative is that of the logits alone.
    slope = jax.grad(lambda s: term.value(NETS, scaled(s), state, KEYS)[0].sum())(1.0)
    real, fake = 0.9 * real + 0.1 * logit(REAL).mean(), 0.9 * fake + 0.1 * logit(FAKE).mean()
    r, f = logit(REAL), logit(FAKE)
    assert float(slope) == pytest.approx(2.0 * (r * (r - fake) + f * (f - real)).sum(), rel=1e-4)


def test_weights_that_change_take_the_number_of_the_training_step():
    nets = Nets({"generator": Bound({"call": generate}), "discriminator": D}, jnp.int32(3))
    falling = of_steps("linear(2, 0, images=100)", images=10)  # 1.4 after three steps of ten
    own = wrappers.Term(dict, lambda nets, drawn, state, keys: (jnp.arange(3.0), state))
    for weight, expected in ((0.7, 0.7), (falling, 1.4)):
        found, _ = wrappers.weighed(own, weight).value(nets, DRAWN, {}, KEYS)
        np.testing.assert_allclose(found, expected * np.arange(3.0), rtol=1e-6)
    once, twice = (
        consistency.discriminator_term(w, 0.0, 0.0, 0.5).value(nets, DRAWN, {}, KEYS)[0]
        for w in (1.0, falling)
    )
    np.testing.assert_allclose(twice, 1.4 * once, rtol=1e-5)


def test_both_players_see_the_discriminators_augmentation():
    """x + p everywhere; p is the discriminator's, and the generator only reads it."""
    shift = wrappers.Augmentation(
        lambda: {"p": jnp.float32(0.5)},
        lambda state, x, key, step: x + state["p"],
        lambda state, logits: {"p": state["p"] + logits.mean()},
    )
    stats = {"augmentation": shift.init()}
    seen = logit(REAL + 0.5).mean()
    loss, outcome = wrappers.augmented_d(plain, shift)(None, NETS, stats, BATCH, KEYS)
    new, metrics = outcome.stats, outcome.metrics
    assert float(loss) == pytest.approx(seen, rel=1e-5)
    assert float(new["augmentation"]["p"]) == pytest.approx(0.5 + seen, rel=1e-5)
    assert metrics["augmentation_p"] == new["augmentation"]["p"]
    nets = NETS.replace(discriminator=Bound({"call": discriminate}, new))
    loss, outcome = wrappers.augmented_g(plain, shift)(None, nets, {"g": 1}, BATCH, KEYS)
    assert float(loss) == pytest.approx(logit(REAL + 0.5 + seen).mean(), rel=1e-5)
    assert outcome.stats == {"g": 1}


def test_a_penalty_is_of_the_slope_by_images_before_their_augmentation():
    """|d D(2 x) / d x|^2 / 2 is four times |d D(x) / d x|^2 / 2 of a linear D (R3GAN)."""
    doubled = wrappers.Augmentation(
        dict, lambda state, x, key, step: 2.0 * x, lambda state, logits: state
    )
    term = wrappers.penalised(penalties.r1)
    objective = wrappers.augmented_d(wrappers.plus(plain, "penalty", term), doubled)
    stats = {"augmentation": doubled.init()}
    _, outcome = objective(None, NETS, stats, BATCH, KEYS)
    assert float(outcome.metrics["penalty"]) == pytest.approx(2.0 * (SLOPE**2).sum(), rel=1e-5)


def test_an_objective_that_hands_over_no_logits_cannot_steer_an_augmentation():
    def silent(*inputs):
        loss, outcome = plain(*inputs)
        return loss, outcome._replace(drawn=DRAWN._replace(logits=None))

    noise = instance_noise(1.0)
    with pytest.raises(TypeError, match="hands over no logits"):
        wrappers.augmented_d(silent, noise)(None, NETS, {"augmentation": noise.init()}, BATCH, KEYS)


def test_codes_are_not_augmented():
    noise = instance_noise(1.0)
    nets = Nets({"discriminator": Bound({"encode": lambda x: x, "decode": lambda x: x})})
    zeros = jnp.zeros((64, 8, 8, 1))
    nets = wrappers.through(nets, noise, noise.init(), Batch(zeros), KEYS)
    codes = jnp.ones((3, 5))
    np.testing.assert_array_equal(nets.discriminator.decode(codes), codes)
    images = nets.discriminator.encode(zeros)
    assert float(images.std()) == pytest.approx(1.0, abs=0.05)  # of 4096 draws


@pytest.mark.parametrize("name", ["color", "translation", "cutout"])
def test_images_are_changed_alike_whether_they_are_judged_in_pairs_or_apart(name):
    augment, rng = diff_augment((name,)), np.random.default_rng(1)
    real, fake = (Batch(jnp.float32(rng.normal(size=(4, 8, 8, 3))), LABELS) for _ in range(2))
    nets = Nets({"discriminator": Bound({"call": lambda x, _: x, "pooled": lambda x: x})})
    seen = wrappers.through(nets, augment, augment.init(), real, KEYS)
    apart = judged(seen, real, fake, one_pass=False)
    for together, alone, was in zip(judged(seen, real, fake), apart, (real, fake), strict=True):
        np.testing.assert_array_equal(together, alone)
        assert (np.asarray(alone) != was.sample).any((1, 2, 3)).all()
    np.testing.assert_array_equal(seen.discriminator.pooled(real.sample), real.sample)


def test_moving_averages_do_not_depend_on_the_number_of_microbatches():
    """Of constant logits, in as many turns: one pass each, or four."""
    means = []
    for microbatches in (1, 4):
        config = default_config()
        config.train.microbatches, config.lecam.weight, config.lecam.decay = microbatches, 1.0, 0.9
        term = compose.terms_of(config, 64)["discriminator"]["lecam"]
        state = term.init()
        for _ in range(3 * microbatches):
            _, state = term.value(NETS, DRAWN, state, KEYS)
        means.append(float(state["real"]))
    assert means[0] == pytest.approx((1 - 0.9**3) * float(LOGITS[0].mean()), rel=1e-5)
    assert means[1] == pytest.approx(means[0], rel=1e-5)


def test_a_term_of_ones_own_does_not_replace_another():
    config, own = default_config(), {"discriminator": {"penalty": wrappers.penalised(penalties.r1)}}
    with pytest.raises(ValueError, match="terms has a module 'penalty' for the discriminator"):
        compose.terms_of(config, 64, own)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"penalty.name": "r3"}, r"penalty\.name = 'r3': write one of none, r1"),
        ({"augmentation.name": "ade"}, r"augmentation\.name = 'ade': write 'none', 'diff_augment'"),
        (
            {"augmentation.name": "diff_augment", "augmentation.policy": ("colour",)},
            "augmentation.policy has 'colour': write some of color, translation, cutout",
        ),
        (
            {"augmentation.cutout": True},
            r"augmentation\.cutout = True with augmentation\.name = 'none': write False",
        ),
    ],
)
def test_refusals_name_the_field(fields, message):
    config = default_config()
    config.update_from_flattened_dict(fields)
    with pytest.raises(ValueError, match=message):
        composed(config)


def test_a_lazy_penalty_has_the_weight_of_the_steps_between():
    config = default_config()
    config.penalty.update(name="r1", weight=0.5, every=4)
    wanted, _ = composed(config)
    loss, _ = wanted["discriminator"](None, NETS, {}, BATCH, KEYS)
    assert float(loss) == pytest.approx(
        logit(REAL).mean() + 4 * 0.5 * (SLOPE**2).sum() / 2, rel=1e-5
    )


def test_nothing_on_top_leaves_the_objectives_as_they_are():
    wanted, stats = composed(default_config(), {"generator": plain, "discriminator": len})
    assert wanted == {"generator": plain, "discriminator": len}
    assert {name: init() for name, init in stats.items()} == {"generator": {}, "discriminator": {}}


def test_between_lazy_steps_the_stats_are_the_same():
    config = default_config()
    config.penalty.update(name="r1", weight=0.5, every=4)
    config.lecam.weight = config.path_length.weight = 1.0
    _, stats = composed(config)
    wanted, between = composed(config, with_lazy_terms=False)
    shapes = lambda inits: {name: init() for name, init in inits.items()}
    assert shapes(stats) == shapes(between)
    assert stats["generator"]().keys() == {"path_length"}
    assert stats["discriminator"]().keys() == {"lecam"}
    assert wanted["generator"] is plain  # path length is left out
    _, outcome = wanted["discriminator"](None, NETS, between["discriminator"](), BATCH, KEYS)
    assert outcome.metrics.keys() == {"own", "lecam"}  # R1 is left out, LeCam is not lazy
