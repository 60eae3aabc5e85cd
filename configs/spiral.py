"""SPIRAL (arXiv 1804.01118): gray images of 32 x 32 pixels, painted in 19 strokes by a policy.

Data      python tests/data/real_data.py mnist data/mnist
          jaxgan prepare data/mnist data/digits32 --size=32
Command   jaxgan train --config=spiral --workdir=runs/spiral
Network   the authors' agent (deepmind/spiral): models/spiral.py
Hardware  not run here; the paper uses 64 actors and a learner
Expected  models/spiral.py and game/objectives/spiral.py say what differs from the paper

As in the paper: WGAN-GP on finished canvases, a reward at the end. The learning rates, the weights
of entropy and value losses, and the number of steps are our own choice.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config("spiral", "spiral")
    config.data.update(name="data/digits32", size=(32, 32))
    config.prior = "uniform"
    config.penalty.update(name="gradient_penalty", weight=10.0)
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=1e-4, b1=0.5, b2=0.9, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.999
    config.train.update(steps=500_000, batch=64, num_d_steps=1)
    config.train.update(log_every=100, sample_every=2000, checkpoint_every=2000)
    config.watch.every = 2000
    return config
