"""Energy-based GAN (arXiv 1609.03126) on 32 x 32 Fashion-MNIST: the critic is an autoencoder.

Command   jaxgan train --config=configs/ebgan_fashion.py --workdir=runs/ebgan
Hardware  2 CPU cores
Time      about 4 processor minutes, estimated from 2 for 64,000 images
Status    trained for 64,000 images (docs/lineage.md); full-run expectations follow the paper
Expected  -d/real_logits, the energy of real images in margins, falls far below 1, while
          generated images stay below the margin

Differs from the paper: no pulling-away term, mean squared error over pixels as the energy.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="autoencoder")
    config.data.size = (32, 32)
    config.model.update(width=16)
    config.objective.update(loss="energy_based")
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=1e-3, b1=0.5, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.995
    config.train.update(steps=2000, batch=64, num_d_steps=1)
    config.train.update(log_every=50, sample_every=200, checkpoint_every=200)
    config.sample.update(standing_batches=20, standing_batch=100)
    config.evaluate.update(samples=1000)
    return config
