"""InfoGAN (arXiv 1606.03657) on digits of MNIST: ten categories found without labels.

Data      python tests/data/real_data.py mnist data/mnist
Command   jaxgan train --config=configs/infogan_mnist.py --workdir=runs/infogan_mnist
          python -m tests.demos.codes runs/infogan_mnist
Hardware  2 CPU cores
Time      8 processor minutes
Expected  docs/codes.png: rows of the sample sheet are digits; the categories, matched
          one to one with the classes, agree with 55 % of the labels (one seed)

Differs from the paper: R1 and R2 instead of the discriminator's batch norm; continuous codes from
N(0, 1), with a weight of 0.02.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="infogan", objective="infogan")
    config.data.update(name="data/mnist", size=(32, 32))
    config.model.update(width=16, latent_dim=32)
    config.penalty.update(name="r1_r2", weight=0.3)
    config.objective.code_weight = 0.02
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=1e-3, b1=0.5, b2=0.99, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.995
    config.train.update(steps=2000, batch=64, num_d_steps=1)
    config.train.update(log_every=50, sample_every=500, checkpoint_every=500)
    config.watch.every = 0  # for minutes: no looks for collapse
    config.sample.update(standing_batches=20, standing_batch=100)
    config.evaluate.update(samples=1000)
    return config
