"""3D-GAN (arXiv 1610.07584) in minutes: five kinds of furniture of 16 x 16 x 16 voxels.

Data      python -m tests.data.made_media furniture furniture --count=400
          jaxgan prepare furniture data/furniture --voxels=16
Command   jaxgan train --config=gan3d_furniture --workdir=runs/gan3d
Hardware  2 CPU cores
Time      about 4 processor minutes
Expected  shapes of the requested class, most of them in one piece: docs/sequences.md has
          the numbers of python -m tests.demos.furniture

Differs from gan3d.py: labels, no batch norm in D, a small R1 penalty, kernels from N(0, 0.05^2),
Adam with 5e-4 for G and 1e-3 for D and no first moment. With hinge loss, spectral norm, 1e-3 for G
and 5e-4 for D, all samples of a class are nearly the same.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="gan3d")
    config.data.update(name="data/furniture", medium="volumes", size=(16, 16, 16))
    config.model.update(width=16, latent_dim=64, first_size=2, kernel_std=0.05)
    config.model.update(conditional=True, discriminator_batch_norm=False)
    config.objective.loss = "non_saturating"
    config.penalty.update(name="r1", weight=0.1)
    for player in (config.generator, config.discriminator):
        player.update(b1=0.0, orthogonal=0.0, spectral_norm=False)
    config.generator.learning_rate = 5e-4
    config.discriminator.learning_rate = 1e-3
    config.average.decay = 0.99
    config.train.update(steps=5000, batch=32, num_d_steps=1)
    config.train.update(log_every=50, sample_every=500, checkpoint_every=1000)
    config.sample.update(standing_batches=20, standing_batch=64)
    config.watch.every = 500
    return config
