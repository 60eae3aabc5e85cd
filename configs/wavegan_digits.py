"""WaveGAN (arXiv 1802.04208) in minutes: spoken digits of 4,096 samples at 8 kHz, with labels.

Data      python -m tests.data.spoken digits      # or: -m tests.data.made_media words digits
          jaxgan prepare digits data/digits --window=4096 --rate=8000 --normalise=peak
Command   jaxgan train --config=wavegan_digits --workdir=runs/wavegan
Network   a quarter of the paper's width: 496,865 and 272,769 parameters
Hardware  2 CPU cores
Time      7 processor minutes
Result    a classifier of real digits recognises the digit that was asked for in 0.60 of the samples
          (chance: 0.1); Inception Score 3.4 (real words: 9.4): docs/sounds.md

Differs from wavegan.py: labels, batch norm in G, kernels scaled by their number of inputs, the
non-saturating loss with R1, one step of D.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="wavegan")
    config.data.update(name="data/digits", medium="waves", size=(4096,))
    config.model.update(width=16, conditional=True, batch_norm=True, kernel_init="he")
    config.objective.loss = "non_saturating"
    config.penalty.update(name="r1", weight=1.0)
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=5e-4, b1=0.5, b2=0.99, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.995
    config.train.update(steps=3000, batch=32, num_d_steps=1)
    config.train.update(log_every=50, sample_every=500, checkpoint_every=500)
    config.sample.update(standing_batches=20, standing_batch=64)
    config.watch.every = 500
    config.evaluate.update(extractor="classifier", metrics=("is", "fd", "recognition"))
    return config
