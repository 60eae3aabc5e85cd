"""3D-GAN (arXiv 1610.07584) in minutes: five kinds of furniture of 16 x 16 x 16 voxels.

Data      python -m tests.data.made_media furniture furniture --count=400
          jaxgan prepare furniture data/furniture --voxels=16
Command   jaxgan train --config=gan3d_furniture --workdir=runs/gan3d
Hardware  2 CPU cores
Time      about 5 processor minutes
Expected  shapes of the requested class, most of them in one piece: docs/sequences.md has
          the numbers of python -m tests.demos.furniture

Differs from gan3d.py: labels, the relativistic loss with R1 and R2 (R3GAN's, arXiv 2501.05441), no
batch norm in D, kernels from N(0, 0.05^2), Adam with 5e-4 and no first moment. With other losses
and rates the samples of a class resemble each other much more than its pieces do.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="gan3d", objective="relativistic")
    config.condition = "data"
    config.data.update(name="data/furniture", medium="volumes", size=(16, 16, 16))
    config.model.update(width=16, latent_dim=64, first_size=2, kernel_std=0.05)
    config.model.update(conditional=True, discriminator_batch_norm=False)
    config.penalty.update(name="r1_r2", weight=0.1)
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=5e-4, b1=0.0, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.99
    config.train.update(steps=4000, batch=32, num_d_steps=1)
    config.train.update(log_every=50, sample_every=500, checkpoint_every=1000)
    config.sample.update(standing_batches=20, standing_batch=64)
    config.watch.every = 500
    config.evaluate.update(extractor="discriminator", metrics=("fd", "kd", "precision_recall"))
    return config
