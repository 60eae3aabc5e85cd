"""DANN's game against numpy and finite differences; one step reverses the right gradient."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.game.game import Batch, Bound, Nets
from jaxgan.game.keys import Keys
from jaxgan.game.objectives import domains
from jaxgan.media.adaptation import Domains

RNG = np.random.default_rng(0)
SOURCE, TARGET = (jnp.asarray(RNG.normal(size=(6, 4)), jnp.float32) for _ in range(2))
LABELS = jnp.asarray(RNG.integers(0, 3, 6), jnp.int32)
BATCH = Batch(Domains(SOURCE, TARGET), LABELS)
WEIGHTS = {
    "encoder": jnp.asarray(RNG.normal(size=(4, 5)), jnp.float32),
    "classifier": jnp.asarray(RNG.normal(size=(5, 3)), jnp.float32),
    "judge": jnp.asarray(RNG.normal(size=5), jnp.float32),
}


def loss_of(player, weights, step=1000, **fields):
    """Return the loss of a player of linear networks, and its metrics."""
    nets = Nets(
        {
            "generator": Bound({
                "features": lambda x: x @ weights["encoder"],
                "classify": lambda f: f @ weights["classifier"],
            }),
            "discriminator": Bound({"call": lambda f, condition=(): f @ weights["judge"]}),
        },
        step,
    )  # fmt: skip
    config = domains.default_config()
    config.update(fields)
    objective = domains.objectives(config)[player]
    loss, outcome = objective(None, nets, {}, BATCH, Keys(jax.random.key(0)))
    return loss, outcome.metrics


def parts(weights):
    """Return class loss and domain loss in float64, of numpy."""
    w = {name: np.float64(value) for name, value in weights.items()}
    source, target = (np.float64(x) @ w["encoder"] for x in (SOURCE, TARGET))
    logits = source @ w["classifier"]
    chosen = logits[np.arange(6), np.asarray(LABELS)]
    classes = np.mean(np.log(np.exp(logits).sum(-1)) - chosen)
    softplus = lambda x: np.log1p(np.exp(x))
    domain = softplus(-source @ w["judge"]).mean() + softplus(target @ w["judge"]).mean()
    return (
        classes,
        domain,
        softplus(source @ w["judge"]).mean() + softplus(-target @ w["judge"]).mean(),
    )


def test_losses_are_those_of_the_paper():
    classes, domain, exchanged = parts(WEIGHTS)
    assert float(loss_of("discriminator", WEIGHTS)[0]) == pytest.approx(domain, rel=1e-5)
    found, _ = loss_of("generator", WEIGHTS, weight=0.3)
    assert float(found) == pytest.approx(classes - 0.3 * domain, rel=1e-5)
    found, _ = loss_of("generator", WEIGHTS, weight=0.3, variant="flipped")
    assert float(found) == pytest.approx(classes + 0.3 * exchanged, rel=1e-5)
    found, metrics = loss_of("generator", WEIGHTS, weight=0.0)
    assert float(found) == pytest.approx(classes, rel=1e-5)
    named = (np.asarray(SOURCE @ WEIGHTS["encoder"] @ WEIGHTS["classifier"])).argmax(-1)
    assert float(metrics["accuracy"]) == pytest.approx((named == LABELS).mean())


def slope(name, place, function, length=1e-5):
    """Return the central difference of a function of the weights in float64."""
    values = []
    for sign in (1, -1):
        moved = {k: np.float64(v) for k, v in WEIGHTS.items()}
        moved[name] = moved[name].copy()
        moved[name][place] += sign * length
        values.append(function(moved))
    return (values[0] - values[1]) / (2 * length)


def test_the_gradient_is_reversed_for_the_features_alone():
    """Features: class - lambda domain. Classifier: class. Judge: + domain, not reversed. A loss
    whose sign is turned as a whole would reverse the judge's too."""
    weight = 0.4
    of_generator = jax.grad(lambda w: loss_of("generator", w, weight=weight)[0])(WEIGHTS)
    of_judge = jax.grad(lambda w: loss_of("discriminator", w)[0])(WEIGHTS)
    for place in ((0, 0), (3, 4), (1, 2)):
        expected = slope("encoder", place, lambda w: parts(w)[0] - weight * parts(w)[1])
        assert float(of_generator["encoder"][place]) == pytest.approx(expected, rel=1e-3, abs=1e-5)
    expected = slope("classifier", (2, 1), lambda w: parts(w)[0])
    assert float(of_generator["classifier"][2, 1]) == pytest.approx(expected, rel=1e-3, abs=1e-5)
    for i in range(5):
        expected = slope("judge", (i,), lambda w: parts(w)[1])
        assert float(of_judge["judge"][i]) == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_exchanged_domains_still_teach_where_the_judge_is_sure():
    """With logits of 12 and -12 the reversed gradient has vanished, the other is whole."""

    def confusion(variant, logit):
        source, target = jnp.full(2, logit), jnp.full(2, -logit)
        if variant == "reversal":
            return -domains.domain_loss(source, target)
        return domains.domain_loss(target, source)

    reversal, flipped = (
        float(jax.grad(partial(confusion, name))(jnp.float32(12.0))) for name in domains.VARIANTS
    )
    assert 0 < reversal < 1e-4 and flipped == pytest.approx(2.0, abs=1e-4)


def test_lambda_grows_as_in_the_paper():
    ramp = partial(domains.ramp, weight=0.5, ramp_steps=200)
    for step in (0, 20, 100, 200, 900):
        p = min(step / 200, 1)
        expected = 0.5 * (2 / (1 + np.exp(-10 * p)) - 1)
        assert float(ramp(jnp.int32(step))) == pytest.approx(expected, rel=1e-5, abs=1e-7)
    assert float(domains.ramp(0, 0.5, 0)) == 0.5
    at = lambda step: loss_of("generator", WEIGHTS, step=step, weight=0.5, ramp_steps=200)[0]
    classes, domain, _ = parts(WEIGHTS)
    assert float(at(0)) == pytest.approx(classes, rel=1e-5)
    assert float(at(200)) == pytest.approx(classes - 0.49995 * domain, rel=1e-4)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("variant", "minimax", "objective.variant = 'minimax': write 'reversal' or 'flipped'"),
        ("weight", -1.0, r"objective.weight = -1.0: write 0 or more"),
        ("ramp_steps", -1, r"objective.ramp_steps = -1: write 0 or more"),
    ],
)
def test_refusals(field, value, message):
    config = domains.default_config()
    config[field] = value
    with pytest.raises(ValueError, match=message):
        domains.objectives(config)
