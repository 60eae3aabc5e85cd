"""GAN-TTS (arXiv 1909.11646) in minutes: spoken digits of 4,096 samples at 8 kHz.

Data      python -m tests.data.spoken digits      # or: -m tests.data.made_media words digits
          jaxgan prepare digits data/digits --window=4096 --rate=8000 --normalise=peak
Command   jaxgan train --config=gantts_digits --workdir=runs/gantts
          jaxgan evaluate runs/gantts
Network   131,641 and 3,296,682 parameters
Hardware  2 CPU cores
Time      6 processor minutes
Result    the word that it is told is recognised in 0.2 of its sounds; in 0.08 if no window sees
          the words (chance: 0.1): docs/sounds.md

Differs from gantts.py: frames of 64 samples; windows of 64 steps of 1, 2, 4, 8 and 16 samples; a
sixteenth of G's width and a quarter of D's; a small R1 in place of spectral norm in D, with which
it learned less; higher learning rates; batches of 16.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="gantts")
    config.data.update(name="data/digits", medium="speech", size=(4096,), rate=8000, hop=64)
    config.data.update(split="train[:95%]", held_out="train[95%:]")
    config.condition = "data"
    config.model.update(latent_dim=32, generator_widths=(48, 48, 32, 24, 16))
    config.model.update(factors=(2, 2, 2, 2, 4), width=16, folds=(1, 2, 4, 8, 16), steps=64)
    config.generator.update(learning_rate=5e-4, b1=0.0, orthogonal=0.0)
    config.discriminator.update(learning_rate=1e-3, b1=0.0, spectral_norm=False)
    config.penalty.update(name="r1", weight=0.01)
    config.average.decay = 0.99
    config.train.update(steps=1500, batch=16, num_d_steps=1)
    config.train.update(log_every=50, sample_every=500, checkpoint_every=500)
    config.watch.every = 0  # for minutes: no looks for collapse
    config.evaluate.update(metrics=("recognition",), split="train")
    return config
