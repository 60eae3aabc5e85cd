"""Quick start: train your own BigGAN on real photographs, in minutes, without an accelerator.

Data      Fashion-MNIST, the included 10,000 images (28 x 28, brought to 32 x 32), 10 classes
Network   BigGAN's pyramid at width 16 (generator 221 k, discriminator 306 k parameters):
          shared class embedding, split latents, conditional batch norm, projection, spectral norm
Command   ./launch/quickstart, or jaxgan train --config=configs/quickstart.py --workdir=runs/first
Hardware  2 CPU cores
Time      under 8 minutes
Expected  classes are recognisable by eye; see the README for the measured scores

Differs from the paper as required by small data and minutes of training: learning rates of 1e-3 for
both players (the paper's are for 6 times the width and 32 times the batch), one discriminator step,
a batch of 64, and an average over the last few hundred steps.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config()
    config.data.size = (32, 32)
    config.model.update(width=16, latent_dim=60, embedding_dim=32)
    config.generator.learning_rate = 1e-3
    config.discriminator.learning_rate = 1e-3
    config.average.decay = 0.995
    config.train.update(steps=1800, batch=64, num_d_steps=1)
    config.train.update(log_every=20, sample_every=300, checkpoint_every=300)
    config.watch.every = 0  # for minutes: no looks for collapse
    config.sample.update(standing_batches=20, standing_batch=100)
    config.evaluate.update(samples=1000, metrics=("recognition",))
    return config
