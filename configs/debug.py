"""Seconds on any CPU: a tiny BigGAN on 16 x 16 Fashion-MNIST, every part of a run exercised.

Command   jaxgan train --config=configs/debug.py --workdir=runs/debug
Expected  blobs with the right outlines; made for tests, not for its pictures
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config()
    config.data.size = (16, 16)
    config.model.width = 4
    config.model.latent_dim = 12
    config.model.embedding_dim = 8
    config.generator.learning_rate = 2e-4
    config.discriminator.learning_rate = 4e-4
    config.average.decay = 0.9
    config.train.update(
        steps=40, batch=16, num_d_steps=2, microbatches=2, log_every=5, sample_every=20
    )
    config.train.checkpoint_every = 10
    config.sample.update(columns=4, standing_batches=4, standing_batch=16)
    return config
