"""DVD-GAN (arXiv 1907.06571), small: eight frames of 16 x 16, squares in four directions.

Data      python -m tests.data.made_media moving moving --count=150
          jaxgan prepare moving data/moving --frames=8 --stride=2 --size=16
Command   jaxgan train --config=dvdgan_moving --workdir=runs/dvdgan
Hardware  2 CPU cores
Time      3.5 processor minutes
Result    squares move in the requested direction in two thirds of the steps: docs/video.md
Try       --config.model.unit=tsru_s --config.model.heads=trivd

Differs from dvdgan.py: width 8, four frames for D_S, one D step, batches of 32.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="dvdgan")
    config.data.update(name="data/moving", medium="clips", size=(8, 16, 16))
    config.model.update(width=8, latent_dim=16, embedding_dim=8, frames=4)
    config.generator.update(learning_rate=1e-3, orthogonal=0.0, b1=0.5)
    config.discriminator.update(learning_rate=1e-3, b1=0.5)
    config.average.decay = 0.98
    config.train.update(steps=1000, batch=32, num_d_steps=1)
    config.train.update(log_every=20, sample_every=100, checkpoint_every=200)
    config.sample.update(standing_batches=10, standing_batch=64)
    config.watch.every = 200
    config.evaluate.update(extractor="discriminator", metrics=("fd", "kd", "precision_recall"))
    return config
