"""SPIRAL (arXiv 1804.01118) in minutes: digits of 16 x 16 pixels, painted in five strokes.

Data      python tests/data/real_data.py mnist data/mnist
          jaxgan prepare data/mnist data/digits16 --size=16
Command   jaxgan train --config=spiral_digits --workdir=runs/spiral
          jaxgan sample runs/spiral --kind=strokes
Hardware  1 CPU core
Time      about 5 processor minutes
Expected  docs/programs.md has the numbers of python -m tests.demos.strokes

Differs from spiral.py: five strokes on 16 x 16 pixels, a grid of 16, one pressure, small networks,
a reward after every stroke, one step of D per step of the policy.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config("spiral", "spiral")
    config.data.update(name="data/digits16", size=(16, 16))
    config.model.update(strokes=5, z_dim=10, latent_dim=10 + 5 * 3, grid=16, sizes=(0.8,))
    config.model.update(pressures=1, width=8, blocks=1, memory=64, discriminator_width=16)
    config.objective.update(rewards="differences", entropy=0.02)
    config.prior = "uniform"
    config.penalty.update(name="gradient_penalty", weight=10.0)
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=1e-3, b1=0.5, b2=0.9, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.99
    config.train.update(steps=2000, batch=64, num_d_steps=1)
    config.train.update(log_every=50, sample_every=250, checkpoint_every=500)
    config.watch.every = 500
    return config
