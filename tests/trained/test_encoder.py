"""A trained encoder: what it gives of images, one at a time or together."""

import numpy as np
import pytest

from jaxgan.config import default_config
from jaxgan.data.records import open_records
from jaxgan.trained import encoder
from jaxgan.training import run
from tests.tiny import drawn, tiny_config

RECORDS = open_records("fashion_mnist", "train[:1%]")


def opened(config, tmp_path):
    found = run.open_run(tmp_path, run.resolve(config, RECORDS))
    return found, drawn(run.abstract_state(found))


def test_an_image_gets_what_it_gets_alone(tmp_path):
    config = default_config("bigbigan", "bigbigan")
    config.data.size = (16, 16)
    config.model.update(width=2, latent_dim=6, embedding_dim=4, hidden=8, hidden_pairs=1)
    config.model.update(encoder_width=2, encoder_depths=(1, 1), encoder_hidden=8)
    config.train.batch = 16
    config.sample.update(standing_batches=2, standing_batch=16)
    found, state = opened(config, tmp_path)
    e = encoder.TrainedEncoder(found, state, RECORDS)
    images = np.random.default_rng(0).uniform(-1, 1, (encoder.AT_ONCE + 3, 16, 16, 1))
    images = images.astype(np.float32)
    features = e.features(images)
    assert features.shape == (len(images), 16)  # 4 width 2^1
    np.testing.assert_allclose(e.features(images[-2:]), features[-2:], rtol=1e-5, atol=1e-6)
    mean, one, other = (e.latents(images[:4], seed) for seed in (None, 0, 1))
    assert mean.shape == (4, 6) and abs(one - other).min() > 0
    # The mean of draws is the mean: softplus(rho) / 20 is the error of 400 of them.
    many = np.stack([e.latents(images[:4], seed) for seed in range(400)])
    assert (abs(many.mean(0) - mean) < 5 * many.std(0) / 20).all()
    assert e.reconstructions(images[:4]).shape == (4, 8, 8, 1)  # half of what the encoder sees
    np.testing.assert_array_equal(e.reconstructions(images[:4]), e.images(mean))


def test_a_model_without_an_encoder_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"model.name = 'biggan' has no features to look at"):
        encoder.TrainedEncoder(*opened(tiny_config(), tmp_path), RECORDS)
