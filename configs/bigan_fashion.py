"""BiGAN (arXiv 1605.09782) on 32 x 32 Fashion-MNIST: a generator and its inverse.

Command   jaxgan train --config=configs/bigan_fashion.py --workdir=runs/bigan
Hardware  2 CPU cores
Time      about 26 processor minutes, estimated from 8.5 for 64,000 images
Status    trained for 64,000 images (docs/lineage.md); full-run expectations follow the paper
Expected  g/reconstruction, the squared error of G(E(x)), falls though no loss asks for it

Differs from the paper: residual networks with spectral norm in the discriminator, Adam with 1e-3.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="bigan", objective="bigan")
    config.data.size = (32, 32)
    config.model.update(width=8, hidden=128)
    config.generator.update(learning_rate=1e-3, b1=0.5, orthogonal=0.0, spectral_norm=False)
    config.discriminator.update(learning_rate=1e-3, b1=0.5)
    config.average.decay = 0.995
    config.train.update(steps=3000, batch=64, num_d_steps=1)
    config.train.update(log_every=50, sample_every=500, checkpoint_every=500)
    config.sample.update(standing_batches=20, standing_batch=100)
    config.evaluate.update(samples=1000)
    return config
