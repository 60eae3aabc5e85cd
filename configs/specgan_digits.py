"""SpecGAN (arXiv 1802.04208) in minutes: spoken digits of 4,096 samples at 8 kHz, as 64 x 64.

Data      python -m tests.data.made_media words digits --count=400
          jaxgan prepare digits data/digits --window=4096 --rate=8000
Command   jaxgan train --config=specgan_digits --workdir=runs/specgan
Network   DCGAN's of width 16: 476,641 and 271,489 parameters
Hardware  2 CPU cores
Time      about 4 processor minutes
Expected  words without labels, clearer than wavegan_digits's

Differs from specgan.py: batch norm in G, kernels from N(0, 0.02^2), the non-saturating loss with
R1, one step of D; what is 60 decibels below a full sine counts as silence, since two fifths of the
windows are digital silence, 11 nats below the words.
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
        player.update(learning_rate=5e-4, b1=0.5, b2=0.99, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.995
    config.train.update(steps=800, batch=32, num_d_steps=1)
    config.train.update(log_every=20, sample_every=100, checkpoint_every=100)
    config.sample.update(standing_batches=20, standing_batch=64)
    config.watch.every = 200
    return config
