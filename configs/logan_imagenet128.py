"""LOGAN on ImageNet at 128 x 128 pixels: natural-gradient latent optimisation (arXiv 1912.00953).

Data      jaxgan prepare IMAGENET/train data/imagenet128 --size=128
Command   jaxgan train --config=configs/logan_imagenet128.py --workdir=runs/logan128
Baseline  the same with --config.latent_step.name=none: the paper's own re-run BigGAN-deep
Hardware  as for BigGAN-deep, with 2.4 times the operations of its step (counted, batch 256)
Expected  FID / IS 3.36 / 148.2 with the latent step, 4.92 / 126.6 without, no truncation (table 1)
Networks  generator 59,858,561 parameters, discriminator 34,590,210

Not run here at this size, and no third party is known to have reproduced the numbers. The paper's
changes to BigGAN-deep: 256 latents from U(-1, 1), leaky ReLU with slope 0.2; half of the latents
are optimised, with alpha 0.9, beta 5 and cost weight 300, and clipped to [-1, 1].

Not verified: which half is optimised (here always the first; latent_step.subset=random draws one
each time), whose loss includes the cost (here the generator's; latent_step.cost_players=both), and
what biggan_deep_imagenet128.py lists.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config("biggan_deep")
    config.data.update(name="data/imagenet128", size=(128, 128))
    config.model.update(width=128, latent_dim=256, to_image_channels=128, leaky_slope=0.2)
    config.model.dtype = "bfloat16"
    config.prior = "uniform"
    config.latent_step.update(name="natural_gradient", alpha=0.9, beta=5.0, steps=1)
    config.latent_step.update(fraction=0.5, subset="fixed", clip="unit")
    config.latent_step.update(cost=300.0, cost_players="generator")
    config.generator.update(learning_rate=5e-5, orthogonal=1e-4)
    config.discriminator.learning_rate = 2e-4
    config.average.update(decay=0.9999, start_step=20_000)
    config.train.update(steps=150_000, batch=2048, num_d_steps=2)
    return config
