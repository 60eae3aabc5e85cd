"""A run's own networks as extractors, against the networks themselves."""

import jax
import numpy as np
import pytest

from jaxgan.config import default_config
from jaxgan.evaluate.extractors.network_features import network_extractor
from jaxgan.game.game import bind
from jaxgan.training.run import abstract_state, open_run
from tests.tiny import drawn, tiny_config


def opened(folder, config):
    run = open_run(folder, config)
    shapes = abstract_state(run)
    where = jax.tree.map(lambda x: x.sharding, shapes)
    return run, jax.device_put(drawn(shapes), where)


def bigan_config():
    config = default_config("bigan", "bigan")
    config.data.update(size=(8, 8), channels=1, bits=8)
    config.data.class_names = ("a", "b")
    config.model.update(width=4, latent_dim=6, hidden=8)
    config.train.batch = 16
    return config


def images(count=5):
    return np.random.default_rng(0).integers(0, 256, (count, 8, 8, 1)).astype(np.float32)


def test_features_of_a_discriminator_give_its_logits(tmp_path):
    """w . f + c + <V[y], f> from the features alone is what the network says."""
    run, state = opened(tmp_path, tiny_config())
    found = network_extractor(run, state, "discriminator")
    x = images() / 127.5 - 1
    features, logits = map(np.asarray, found.apply(found.weights, x))
    assert logits.shape == (5, 0) and len(found.sha256) == 64
    head, labels = found.weights["head"], np.arange(5)
    discriminator = bind(run.game.players["discriminator"].side, found.weights)
    expected = discriminator.call(x, labels)
    got = features @ head["linear"]["kernel"][:, 0] + head["linear"]["bias"]
    got += (head["projection"]["embedding"][labels] * features).sum(1)
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)
    nearly = x + np.float32(0.3 / 127.5)  # rounds to the same bytes
    np.testing.assert_allclose(found.apply(found.weights, nearly)[0], features, rtol=1e-4)


def test_features_of_an_encoder_give_its_latents(tmp_path):
    run, state = opened(tmp_path, bigan_config())
    found = network_extractor(run, state, "encoder")
    x = images() / 127.5 - 1
    features = np.asarray(found.apply(found.weights, x)[0])
    linear = found.weights["encoder"]["linear"]
    expected = bind(run.game.players["generator"].side, found.weights).encode(x)
    got = features @ linear["kernel"] + linear["bias"]
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


def test_what_a_run_does_not_have_is_refused(tmp_path):
    run, state = opened(tmp_path, tiny_config())
    with pytest.raises(ValueError, match=r"model.name = 'biggan' has no encoder"):
        network_extractor(run, state, "encoder")
    found = network_extractor(run, state, "discriminator")
    with pytest.raises(ValueError, match=r"images are 4x8x1, but the run's discriminator"):
        found.apply(found.weights, np.zeros((2, 4, 8, 1), np.float32))
