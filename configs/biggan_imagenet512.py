"""BigGAN on ImageNet at 512 x 512 pixels: the paper's network and training (arXiv 1809.11096).

Data      jaxgan prepare IMAGENET/train data/imagenet512 --size=512
          (crops the long side, area filter; no flips, since the paper states none)
Command   jaxgan train --config=configs/biggan_imagenet512.py --workdir=runs/biggan512
Hardware  the paper: 512 cores of a TPU v3 pod, 24 to 48 hours
Expected  FID / IS 8.1 / 144.2 without truncation (table 2, unverified)
Networks  generator 82,468,068 parameters, discriminator 99,401,282

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
    config.data.update(name="data/imagenet512", size=(512, 512))
    config.model.update(width=96, latent_dim=160, dtype="bfloat16")
    config.generator.update(learning_rate=5e-5, orthogonal=1e-4)
    config.discriminator.learning_rate = 2e-4
    config.average.update(decay=0.9999, start_step=20_000)
    config.train.update(steps=150_000, batch=2048, num_d_steps=2)
    return config
