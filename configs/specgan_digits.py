"""SpecGAN (arXiv 1802.04208) in minutes: spoken digits of 4,096 samples at 8 kHz, as 64 x 64.

Data      python -m tests.data.spoken digits      # or: -m tests.data.made_media words digits
          jaxgan prepare digits data/digits --window=4096 --rate=8000 --normalise=peak
Command   jaxgan train --config=specgan_digits --workdir=runs/specgan
Network   DCGAN's of width 16: 476,641 and 271,489 parameters
Hardware  2 CPU cores
Time      6 processor minutes
Result    words, without labels; Inception Score 5.6 (real words: 9.4): docs/sounds.md

Differs from specgan.py: batch norm in G, kernels from N(0, 0.02^2), the non-saturating loss with
R1, one step of D. Everything 60 decibels below a full-scale sine counts as silence, since two
fifths of the windows are digital silence, whose logarithm is 11 below that of the words.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="dcgan")
    config.data.update(name="data/digits", medium="log_spectrograms", size=(4096,), floor=0.032)
    config.model.update(width=16, discriminator_batch_norm=False)
    config.objective.loss = "non_saturating"
    config.penalty.update(name="r1", weight=1.0)
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=1e-3, b1=0.5, b2=0.99, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.98
    config.train.update(steps=2400, batch=32, num_d_steps=1)
    config.train.update(log_every=20, sample_every=200, checkpoint_every=400)
    config.sample.update(standing_batches=20, standing_batch=64)
    config.watch.every = 400
    config.evaluate.update(extractor="classifier", metrics=("is", "fd"))
    return config
