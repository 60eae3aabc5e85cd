"""C-RNN-GAN (arXiv 1611.09904) in minutes: procedural melodies of 16 notes in C major.

Data      python -m tests.data.made_media tunes tunes --count=400
          jaxgan prepare tunes data/melodies --notes=16
Command   jaxgan train --config=crnngan_tunes --workdir=runs/crnngan
Hardware  1 CPU core
Time      about 1 processor minute
Expected  tone spans and steps near the melodies', but always nearly the same tune, and no key:
          docs/programs.md has the numbers of python -m tests.demos.tunes

Differs from crnngan.py: 64 units, notes scaled for the networks, the non-saturating loss with R1,
no feature matching.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config("crnngan", "crnngan")
    config.data.update(name="data/melodies", medium="events", size=(16,))
    config.model.update(latent_dim=4 * 16, hidden=64, note_scales=(4.0, 4.0, 6.0, 8.0))
    config.objective.pretraining = 300
    config.prior = "uniform"
    config.penalty.update(name="r1", weight=0.1)
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=1e-3, b1=0.5, b2=0.99, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.99
    config.train.update(steps=1200, batch=32, num_d_steps=1)
    config.train.update(log_every=50, sample_every=250, checkpoint_every=500)
    config.watch.every = 500
    config.evaluate.metrics = ("tunes",)
    return config
