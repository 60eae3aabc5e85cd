"""WaveGAN (arXiv 1802.04208): one second of sound at 16 kHz, the authors' recipe.

Data      jaxgan prepare sounds data/sounds --window=16384 --rate=16000
Command   jaxgan train --config=wavegan --workdir=runs/wavegan
Network   generator of 19,065,345 parameters, discriminator of 17,427,969
Hardware  one GPU; not trained here
Expected  as in the paper, for spoken digits: words, without labels

The authors' settings: WGAN-GP with a weight of 10, five steps of D, Adam with 1e-4 and (0.5, 0.9),
batches of 64, z uniform in [-1, 1], phase shuffle of 2, no batch norm, no average. Differs:
models/wavegan.py says how the random shifts of the phase shuffle are shared; the number of steps is
our own choice.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="wavegan")
    config.data.update(name="data/sounds", medium="waves", size=(16_384,))
    config.objective.loss = "wasserstein"
    config.penalty.update(name="gradient_penalty", weight=10.0)
    config.prior = "uniform"
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=1e-4, b1=0.5, b2=0.9, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.0
    config.train.update(steps=200_000, batch=64, num_d_steps=5)
    config.train.update(log_every=100, sample_every=2000, checkpoint_every=2000)
    config.watch.every = 2000
    config.evaluate.update(extractor="classifier", metrics=("is", "fd"))
    return config
