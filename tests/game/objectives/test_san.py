"""SAN: features learn from the game's loss, the direction from the Wasserstein loss."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.game import losses
from jaxgan.game.game import Batch, Bound, Game, Nets
from jaxgan.game.keys import Keys
from jaxgan.game.objectives import san
from jaxgan.models.biggan import ProjectionHead
from jaxgan.models.slices import slices

RNG = np.random.default_rng(0)
N, DIM, CLASSES = 6, 4, 3
W, V, C = RNG.normal(size=(DIM, 1)), RNG.normal(size=(CLASSES, DIM)), 0.3
REAL, FAKE = RNG.normal(size=(2, N, DIM))
LABELS, FAKE_LABELS = RNG.integers(0, CLASSES, (2, N))
HEAD = ProjectionHead(CLASSES)


def loss_of(params, real, fake, name, one_pass=True):
    """The discriminator's loss where "images" are features, and the generator gives `fake`."""
    head = lambda sliced: lambda h, y: HEAD.apply({"params": params}, h, y, sliced)
    nets = Nets(
        {
            "generator": Bound({"call": lambda z, y: fake}),
            "discriminator": Bound({"call": head(False), "slices": head(True)}),
        }
    )
    labels = jnp.asarray(FAKE_LABELS, jnp.int32)
    game = Game({}, lambda key, batch: (jnp.zeros((N, 1)), labels))
    batch = Batch(real, jnp.asarray(LABELS, jnp.int32))
    config = san.default_config()
    config.update(loss=name, one_pass=one_pass)
    objective = san.objectives(config)
    loss, outcome = objective["discriminator"](game, nets, {}, batch, Keys(jax.random.key(0)))
    return loss, outcome


def expected(name):
    """Loss, gradients by w, V, c and by features, in float64, as the paper takes them apart."""
    h, y = np.concatenate([REAL, FAKE]), np.concatenate([LABELS, FAKE_LABELS])
    sign = np.repeat([-1.0, 1.0], N)  # of a logit in the Wasserstein loss
    rows = W[:, 0] + V[y]  # a direction for each class
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    directions = rows / lengths
    logits = (rows * h).sum(1) + C
    inside = 1 + sign * logits > 0 if name == "hinge" else np.ones(2 * N, bool)
    values = np.maximum(1 + sign * logits, 0) if name == "hinge" else sign * logits
    slopes = sign * inside / N
    # The game's loss moves the features and, along the direction, the length.
    by_features = slopes[:, None] * rows
    along = (directions * h).sum(1, keepdims=True) * directions
    # The Wasserstein loss moves the direction, on the sphere: at right angles to it.
    by_rows = slopes[:, None] * along + (sign / N)[:, None] * (h - along)
    by_v = np.zeros_like(V)
    np.add.at(by_v, y, by_rows)
    loss = values.sum() / N + (sign * logits).sum() / N
    return loss, by_rows.sum(0), by_v, slopes.sum(), by_features[:N], by_features[N:]


@pytest.mark.parametrize("one_pass", [True, False])
@pytest.mark.parametrize("name", ["hinge", "wasserstein"])
def test_each_part_learns_from_its_own_loss(name, one_pass):
    params = {
        "linear": {"kernel": jnp.float32(W), "bias": jnp.full((1,), C, jnp.float32)},
        "projection": {"embedding": jnp.float32(V)},
    }
    slope = jax.value_and_grad(loss_of, (0, 1, 2), has_aux=True)
    (loss, outcome), (found, real, fake) = slope(
        params, jnp.float32(REAL), jnp.float32(FAKE), name, one_pass
    )
    wanted = expected(name)
    parts = [loss, found["linear"]["kernel"][:, 0], found["projection"]["embedding"]]
    parts += [found["linear"]["bias"][0], real, fake]
    for part, value in zip(parts, wanted, strict=True):
        np.testing.assert_allclose(part, value, rtol=2e-5, atol=2e-6)
    plain = HEAD.apply({"params": params}, jnp.float32(REAL), jnp.asarray(LABELS))
    np.testing.assert_allclose(outcome.drawn.logits[0], plain, rtol=1e-5)
    assert outcome.metrics["apart"] == pytest.approx(
        float(outcome.metrics["real_logits"] - outcome.metrics["fake_logits"]), rel=1e-4
    )


def test_a_head_of_zeros_has_no_direction_and_no_gradient_that_is_not_finite():
    gradient = jax.grad(lambda w: slices(jnp.ones((2, 3)), w, jnp.zeros(1)).direction.sum())
    assert np.isfinite(gradient(jnp.zeros((1, 3)))).all()


def test_losses_with_another_slope_are_refused():
    assert set(san.LOSSES) == {"hinge", "wasserstein"}
    for loss in san.LOSSES.values():  # the generator's slope is -1 wherever it is taken
        slopes = jax.vmap(jax.grad(loss.generator))(jnp.array([-3.0, 0.0, 0.7, 5.0]))
        np.testing.assert_array_equal(slopes, -1.0)
    assert losses.non_saturating not in san.LOSSES.values()
    config = san.default_config()
    config.loss = "non_saturating"
    with pytest.raises(ValueError, match=r"'non_saturating' with .*'hinge' or 'wasserstein'"):
        san.objectives(config)
