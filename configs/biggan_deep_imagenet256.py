"""BigGAN-deep on ImageNet at 256 x 256 pixels (arXiv 1809.11096, appendix B).

Data      jaxgan prepare IMAGENET/train data/imagenet256 --size=256
          (crops the long side, area filter; no flips, since the paper states none)
Command   jaxgan train --config=configs/biggan_deep_imagenet256.py --workdir=runs/deep256
Hardware  the paper: 256 cores of a TPU v3 pod, 24 to 48 hours
Expected  FID / IS 6.9 +- 0.2 / 171.4 +- 2 without truncation (table 2, as quoted elsewhere)
Networks  generator 55,880,833 parameters, discriminator 38,247,426

Not run here at this size. Not confirmed by any copy of the paper at hand: the learning rates,
Adam's betas and epsilon, the number of steps (the paper trains until collapse and keeps the best
checkpoint), 100 batches of standing statistics. The step at which averaging starts is that of the
author's own later code. From the published modules: both epsilons of 1e-4, and the last
convolution, which makes 128 channels of which three are used. Computation is in bfloat16, with
parameters, moments and losses in float32. On fewer chips use train.microbatches (batch norm then
sees a microbatch) and model.remat.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config("biggan_deep")
    config.data.update(name="data/imagenet256", size=(256, 256))
    config.model.update(width=128, latent_dim=128, to_image_channels=128, dtype="bfloat16")
    config.generator.update(learning_rate=2.5e-5, orthogonal=1e-4)
    config.discriminator.learning_rate = 2.5e-5
    config.average.update(decay=0.9999, start_step=20_000)
    config.train.update(steps=150_000, batch=2048, num_d_steps=2)
    return config
