"""WGAN-GP (arXiv 1704.00028) on 32 x 32 Fashion-MNIST: DCGAN, no norm in the critic.

Command   jaxgan train --config=configs/wgan_gp_fashion.py --workdir=runs/wgan_gp
Hardware  2 CPU cores
Time      about 10 processor minutes, estimated from 1.4 for 64,000 images
Status    trained for 64,000 images (docs/lineage.md); full-run expectations follow the paper
Expected  the critic's loss falls to a negative value and then rises towards 0 as images improve,
          the paper's learning curve; d/penalty stays small
Try       --config.penalty.name=none --config.discriminator.clip_weights=0.01 with a
          learning rate of 5e-5: the original Wasserstein GAN (arXiv 1701.07875)

The paper's settings: five critic steps, a penalty weight of 10, b1 = 0, b2 = 0.9. Differs: an
eighth of the width, Adam with a constant 1e-3, not 1e-4.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="dcgan")
    config.data.size = (32, 32)
    config.model.update(width=16, discriminator_batch_norm=False)
    config.objective.update(loss="wasserstein")
    config.penalty.update(name="gradient_penalty", weight=10.0)
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=1e-3, b2=0.9, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.995
    config.train.update(steps=1500, batch=64, num_d_steps=5)
    config.train.update(log_every=20, sample_every=100, checkpoint_every=100)
    config.sample.update(standing_batches=20, standing_batch=100)
    config.evaluate.update(samples=1000)
    return config
