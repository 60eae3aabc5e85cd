"""Feature matching, minibatch discrimination and the semi-supervised game, against numpy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.game.game import Batch, Bound, Nets
from jaxgan.game.keys import Keys
from jaxgan.game.objectives import feature_matching, semi_supervised
from jaxgan.models.improved import closeness

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (6, 2, 2, 1)) / 127.5 - 1
LATENTS, MAP = RNG.normal(size=(6, 4)), RNG.normal(size=(4, 3))
LABELS = np.array([0, 2, 1, 2, 0, 1], np.int32)
BATCH = Batch(jnp.float32(IMAGES), jnp.asarray(LABELS))
KEYS = Keys(jax.random.key(0))


class Game:
    source = staticmethod(lambda key, batch: (jnp.float32(LATENTS), jnp.asarray(LABELS)))


def flat(images):
    return images.reshape(-1, 4)


NETS = Nets(
    {
        "generator": Bound({"call": lambda z, y: z.reshape(-1, 2, 2, 1)}),
        "discriminator": Bound(
            {
                "call": lambda images, labels: flat(images).sum(-1),
                "features": lambda images, labels: 3.0 * flat(images),
                "classify": lambda images: flat(images) @ jnp.float32(MAP),
            }
        ),
    }
)


def test_feature_matching_compares_means():
    loss, _ = feature_matching.generator_objective(Game, NETS, {}, BATCH, KEYS)
    expected = ((3 * (IMAGES.reshape(6, 4) - LATENTS).mean(0)) ** 2).sum()
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_closeness():
    m = RNG.normal(size=(5, 3, 4))
    expected = [
        [
            sum(np.exp(-np.abs(m[i, b] - m[j, b]).sum()) for j in range(5) if j != i)
            for b in range(3)
        ]
        for i in range(5)
    ]
    np.testing.assert_allclose(closeness(jnp.float32(m)), expected, rtol=1e-5, atol=1e-6)
    same = jnp.broadcast_to(jnp.float32(m[:1]), m.shape)
    np.testing.assert_allclose(closeness(same), 4.0)  # a collapsed batch


def test_the_semi_supervised_loss_is_that_of_k_plus_1_classes():
    share = 0.5
    known = np.asarray(semi_supervised.is_labelled(BATCH.sample, share))
    assert 0 < known.sum() < 6

    def log_softmax(flat):  # over K classes and "generated", whose logit is 0
        logits = np.concatenate([flat @ MAP, np.zeros((len(flat), 1))], 1)
        return logits - np.log(np.exp(logits).sum(1, keepdims=True))

    real, fake = log_softmax(IMAGES.reshape(6, 4)), log_softmax(LATENTS)
    of_real = -np.log(1 - np.exp(real[:, 3]))
    within = real[:, :3] - np.log(np.exp(real[:, :3]).sum(1, keepdims=True))
    of_classes = -within[np.arange(6), LABELS]
    expected = (of_real - fake[:, 3]).mean() + (known * of_classes).sum() / (6 * share)
    loss, outcome = semi_supervised.discriminator_objective(
        Game, NETS, {}, BATCH, KEYS, labelled=share
    )
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    right = (IMAGES.reshape(6, 4) @ MAP).argmax(1) == LABELS
    assert float(outcome.metrics["accuracy"]) == pytest.approx(right[~known].mean(), rel=1e-6)


def test_the_labelled_images_are_a_fixed_share_of_the_data():
    images = jnp.float32(RNG.integers(0, 256, (4000, 4, 4, 1)) / 127.5 - 1)
    for share in (0.05, 0.5):
        known = np.asarray(semi_supervised.is_labelled(images, share))
        assert known.mean() == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 4000))
        order = RNG.permutation(4000)
        again = np.asarray(semi_supervised.is_labelled(images[order], share))
        np.testing.assert_array_equal(again, known[order])
    # One pixel by one step is another image.
    near = images.at[:, 0, 0, 0].add(1 / 127.5 * jnp.where(images[:, 0, 0, 0] < 0, 1.0, -1.0))
    again = np.asarray(semi_supervised.is_labelled(near, 0.5))
    assert (again != known).mean() == pytest.approx(0.5, abs=0.04)
    assert semi_supervised.is_labelled(images, 1.0).all()


def test_refusal_names_the_field():
    config = semi_supervised.default_config()
    config.labelled = 0.0
    with pytest.raises(ValueError, match=r"objective.labelled = 0.0: write a share in \(0, 1\]"):
        semi_supervised.objectives(config)
