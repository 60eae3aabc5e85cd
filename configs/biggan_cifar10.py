"""BigGAN on CIFAR-10 at 32 x 32 pixels, as in the script of the author's PyTorch code.

Data      python -c "import tensorflow_datasets as tfds; tfds.builder('cifar10',
              data_dir='data', file_format='array_record').download_and_prepare()"
          or jaxgan prepare CIFAR10_FOLDER data/cifar10 --size=32
Command   jaxgan train --config=configs/biggan_cifar10.py --workdir=runs/cifar10
Hardware  one accelerator; a batch of 50 does not divide by many (--config.train.batch=64 does)
Expected  the paper, which does not describe its network: FID 14.73, IS 9.22; re-implementations,
          under other protocols: FID 8.0 to 9.8, IS 8.7 to 9.9
Networks  generator 4,304,387 parameters, discriminator 4,207,361

125,000 steps of 4 x 50 images are the script's 500 epochs. There is no shared embedding: every
batch norm has a gain and a bias per class, without spectral norm. Deviations: kernels are
initialised orthogonally, not from N(0, 0.02^2), and biases at zero (spectral norm removes the
kernels' scale from a layer's output, but not from the effective learning rate under Adam); sampling
uses standing statistics, not running averages.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config()
    config.data.update(name="data/cifar10", size=(32, 32))
    config.model.update(width=64, latent_dim=128, split_latents=False, shared_embedding=False)
    config.model.update(generator_widths=(4, 4, 4, 4), discriminator_widths=(4, 4, 4, 4))
    config.model.update(discriminator_downsamples=2, batch_norm_eps=1e-5)
    config.generator.update(learning_rate=2e-4, orthogonal=0.0, spectral_norm_eps=1e-8)
    config.discriminator.update(learning_rate=2e-4, spectral_norm_eps=1e-8)
    config.average.update(decay=0.9999, start_step=1000)
    config.train.update(steps=125_000, batch=50, num_d_steps=4)
    return config
