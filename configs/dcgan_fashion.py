"""DCGAN (arXiv 1511.06434) on 32 x 32 Fashion-MNIST, unconditional.

Command   jaxgan train --config=configs/dcgan_fashion.py --workdir=runs/dcgan
Hardware  2 CPU cores
Time      about 5 processor minutes, estimated from 1.2 for 64,000 images
Status    trained for 64,000 images (docs/lineage.md); full-run expectations follow the paper
Expected  clothes of most kinds; labels are ignored, so rows of a sheet are not classes

The paper's settings: b1 = 0.5, batches of 128, z uniform in [-1, 1], kernels from N(0, 0.02^2),
batch norm in both networks. Differs: an eighth of the width, to train in minutes; Adam with 1e-3,
not 2e-4.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="dcgan")
    config.data.size = (32, 32)
    config.model.width = 16
    config.objective.update(loss="non_saturating", one_pass=False)
    config.prior = "uniform"
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=1e-3, b1=0.5, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.995
    config.train.update(steps=2000, batch=128, num_d_steps=1)
    config.train.update(log_every=50, sample_every=200, checkpoint_every=200)
    config.sample.update(standing_batches=20, standing_batch=100)
    config.evaluate.update(samples=1000)
    return config
