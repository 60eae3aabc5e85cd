"""BigGAN on ImageNet at 128 x 128 pixels: the paper's network and training (arXiv 1809.11096).

Data      jaxgan prepare IMAGENET/train data/imagenet128 --size=128
          (crops the long side, area filter; no flips, since the paper states none)
Command   jaxgan train --config=configs/biggan_imagenet128.py --workdir=runs/biggan128
Hardware  the paper: 128 cores of a TPU v3 pod, 24 to 48 hours
Expected  FID / IS 8.7 +- 0.6 / 98.8 +- 3 without truncation (table 2, unverified)
Networks  generator 70,433,988 parameters, discriminator 87,982,370

Not run here at this size. Not confirmed by any copy of the paper at hand: the learning rates,
Adam's betas and epsilon, the number of steps (the paper trains until collapse and keeps the best
checkpoint), 100 batches of standing statistics. The step at which averaging starts is that of the
author's own later code. From the published modules: both epsilons of 1e-4. Computation is in
bfloat16, with parameters, moments and losses in float32. On fewer chips use train.microbatches
(batch norm then sees a microbatch) and model.remat.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config()
    config.data.update(name="data/imagenet128", size=(128, 128))
    config.model.update(width=96, latent_dim=120, dtype="bfloat16")
    config.generator.update(learning_rate=5e-5, orthogonal=1e-4)
    config.discriminator.learning_rate = 2e-4
    config.average.update(decay=0.9999, start_step=20_000)
    config.train.update(steps=150_000, batch=2048, num_d_steps=2)
    return config
