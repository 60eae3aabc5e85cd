"""SN-GAN with projection (arXiv 1802.05957, 1802.05637) on 32 x 32 Fashion-MNIST.

Command   jaxgan train --config=configs/sngan_fashion.py --workdir=runs/sngan
Hardware  2 CPU cores
Time      about 50 processor minutes, estimated from 5 for 64,000 images
Status    trained for 64,000 images (docs/lineage.md); full-run expectations follow the paper
Expected  rows of the sample sheet are the classes
Try       --config.model.conditional=False: without labels;
          --config=configs/sngan_fashion.py:san: the discriminator's last layer as a direction, with
          its own loss (SAN, arXiv 2301.12811; objectives/san.py), not trained yet

The paper's settings: spectral norm in the discriminator alone, hinge loss, five discriminator
steps, b1 = 0, b2 = 0.9, batches of 64. Differs: an eighth of the width, Adam with a constant 1e-3,
not 2e-4.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config(variant: str = "adversarial") -> ConfigDict:
    if variant not in ("adversarial", "san"):
        raise ValueError(f"variant {variant!r}: write adversarial or san")
    config = default_config(model="sngan", objective=variant)
    config.data.size = (32, 32)
    config.model.width = 8
    config.generator.update(learning_rate=1e-3, b2=0.9, orthogonal=0.0, spectral_norm=False)
    config.discriminator.update(learning_rate=1e-3, b2=0.9)
    config.average.decay = 0.995
    config.train.update(steps=2000, batch=64, num_d_steps=5)
    config.train.update(log_every=20, sample_every=100, checkpoint_every=100)
    config.sample.update(standing_batches=20, standing_batch=100)
    config.evaluate.update(samples=1000, metrics=("recognition",))
    return config
