"""InfoGAN (arXiv 1606.03657) on digits of MNIST: ten categories found without labels.

Data      python tests/data/real_data.py mnist data/mnist
Command   jaxgan train --config=configs/infogan_mnist.py --workdir=runs/infogan_mnist
          python -m tests.demos.codes runs/infogan_mnist
Hardware  2 CPU cores
Time      not measured yet
Status    not trained yet: what is expected is the paper's
Expected  rows of the sample sheet are much the digits, in another order

Differs from the paper: residual networks with spectral norm, continuous codes from N(0, 1).
"""

from ml_collections import ConfigDict

from jaxgan.build import default_config


def get_config() -> ConfigDict:
    config = default_config(model="auxiliary", objective="infogan")
    config.data.update(name="data/mnist", size=(32, 32))
    config.model.update(width=8, latent_dim=64, num_codes=2)
    config.generator.update(learning_rate=1e-3, b1=0.5, orthogonal=0.0, spectral_norm=False)
    config.discriminator.update(learning_rate=2e-4, b1=0.5)
    config.average.decay = 0.995
    config.train.update(steps=2000, batch=64, num_d_steps=1)
    config.train.update(log_every=50, sample_every=500, checkpoint_every=500)
    config.sample.update(standing_batches=20, standing_batch=100)
    config.evaluate.update(samples=1000)
    return config
