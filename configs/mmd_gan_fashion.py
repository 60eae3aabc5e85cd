"""MMD-GAN (arXiv 1705.08584) on 32 x 32 Fashion-MNIST: batches compared by a learned kernel.

Command   jaxgan train --config=configs/mmd_gan_fashion.py --workdir=runs/mmd
Hardware  2 CPU cores
Time      about 5 processor minutes, estimated from 1.7 for 64,000 images
Status    trained for 64,000 images (docs/lineage.md); full-run expectations follow the paper
Expected  d/mmd falls as images improve, d/reconstruction stays small
Try       --config.discriminator.spectral_norm=False --config.discriminator.clip_weights=0.01: the
          paper's way to a Lipschitz critic

The paper's settings: batches of 64, a weight of 8. Differs: Adam instead of RMSprop, 2 critic steps
instead of 5, spectral norm instead of clipping.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="autoencoder", objective="mmd")
    config.data.size = (32, 32)
    config.model.update(width=16)
    config.generator.update(learning_rate=5e-4, b1=0.5, orthogonal=0.0, spectral_norm=False)
    config.discriminator.update(learning_rate=5e-4, b1=0.5)
    config.average.decay = 0.995
    config.train.update(steps=1500, batch=64, num_d_steps=2)
    config.train.update(log_every=20, sample_every=100, checkpoint_every=100)
    config.sample.update(standing_batches=20, standing_batch=100)
    config.evaluate.update(samples=1000)
    return config
