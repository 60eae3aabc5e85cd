"""BigGAN-deep on ImageNet at 512 x 512 pixels (arXiv 1809.11096, appendix B).

Data      jaxgan prepare IMAGENET/train data/imagenet512 --size=512
          (crops the long side, area filter; the paper's flips are not stated: none here)
Command   jaxgan train --config=configs/biggan_deep_imagenet512.py --workdir=runs/deep512
Hardware  the paper: 512 cores of a TPU v3 pod, 24 to 48 hours
Expected  FID / IS 7.5 / 152.8 without truncation (table 2, unverified)
Networks  generator 56,163,905 parameters, discriminator 38,301,122

Not run here at this size. What no copy of the paper could confirm: the learning rates, Adam's
betas and epsilon, the number of steps (it trains until it collapses and keeps the best checkpoint),
100 batches of standing statistics. The averages' start is that of the author's own later code. From
the published modules: both epsilons of 1e-4, and the last convolution, which makes 128 channels of
which three are used. Compute is bfloat16 with float32 parameters, moments and losses. On fewer
chips: train.microbatches (batch norm then sees a microbatch), model.remat.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config("biggan_deep")
    config.data.update(name="data/imagenet512", size=(512, 512))
    config.model.update(width=128, latent_dim=128, to_image_channels=128, dtype="bfloat16")
    config.generator.update(learning_rate=2.5e-5, orthogonal=1e-4)
    config.discriminator.learning_rate = 2.5e-5
    config.average.update(decay=0.9999, start_step=20_000)
    config.train.update(steps=150_000, batch=2048, num_d_steps=2)
    return config
