"""SAGAN (arXiv 1805.08318) on 32 x 32 Fashion-MNIST: SN-GAN, attention, spectral norm in both.

Command   jaxgan train --config=configs/sagan_fashion.py --workdir=runs/sagan
Hardware  2 CPU cores
Time      about 24 processor minutes, estimated from 12 for 64,000 images
Status    trained for 64,000 images (docs/lineage.md); full-run expectations follow the paper
Expected  rows of the sample sheet are the classes
Try       --config.model.attention=0: the same without attention

The paper's settings: hinge loss, one discriminator step, b1 = 0, b2 = 0.9. Differs: attention at
16 x 16 (the paper: at 32 x 32 of 128 x 128), an eighth of the width, learning rates of 5e-4 and
1e-3, not 1e-4 and 4e-4.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="sngan")
    config.data.size = (32, 32)
    config.model.update(width=8, attention=16)
    config.generator.update(learning_rate=5e-4, b2=0.9, orthogonal=0.0)
    config.discriminator.update(learning_rate=1e-3, b2=0.9)
    config.average.decay = 0.995
    config.train.update(steps=2000, batch=64, num_d_steps=1)
    config.train.update(log_every=50, sample_every=200, checkpoint_every=200)
    config.sample.update(standing_batches=20, standing_batch=100)
    config.evaluate.update(samples=1000, metrics=("recognition",))
    return config
