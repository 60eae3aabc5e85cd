"""LAPGAN (arXiv 1506.05751) on 32 x 32 Fashion-MNIST: 8 x 8, then the detail of 16 and of 32.

Command   jaxgan train --config=configs/lapgan_fashion.py --workdir=runs/lapgan
Hardware  2 CPU cores
Time      about 9 processor minutes, estimated from 4.6 for 64,000 images
Status    trained for 64,000 images (docs/lineage.md); full-run expectations follow the paper
Expected  docs/pyramid.png: sharper edges than in an upsampled coarse image;
          `python -m tests.demos.pyramid runs/lapgan` draws coarse to fine, and 64 x 64 beyond it

Differs from the paper: Adam with 1e-3 instead of SGD with momentum; see models/lapgan.py.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="lapgan", objective="lapgan")
    config.data.size = (32, 32)
    config.model.update(width=16, coarse_width=64)
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=1e-3, b1=0.5, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.995
    config.train.update(steps=2000, batch=64, num_d_steps=1)
    config.train.update(log_every=50, sample_every=250, checkpoint_every=250)
    config.sample.update(standing_batches=20, standing_batch=100)
    config.evaluate.update(samples=1000)
    return config
