"""MelGAN (arXiv 1910.06711) in minutes: spoken digits of 4,096 samples at 8 kHz.

Data      python -m tests.data.spoken digits      # or: -m tests.data.made_media words digits
          jaxgan prepare digits data/digits --window=4096 --rate=8000 --normalise=peak
Command   jaxgan train --config=melgan_digits --workdir=runs/melgan
          jaxgan evaluate runs/melgan
          jaxgan translate runs/melgan digits/seven --out=vocoded
Network   204,754 and 2,141,298 parameters
Hardware  2 CPU cores
Time      8 processor minutes
Result    loudness and bands of words, but not their harmonics: docs/sounds.md

Differs from melgan.py: a hop of 64 and 40 bins, a quarter of the width, three strided layers in
D, Adam with 1e-3 for G and 1e-4 for D, an average, batches of 8.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="melgan", objective="melgan")
    config.data.update(name="data/digits", medium="mels", size=(4096,), rate=8000)
    config.data.update(hop=64, mel_bins=40, split="train[:95%]", held_out="train[95%:]")
    config.condition = "data"
    config.model.update(width=8, factors=(4, 4, 2, 2), discriminator_width=4, layers=3)
    for player in (config.generator, config.discriminator):
        player.update(b1=0.5, b2=0.9, orthogonal=0.0)
        player.update(spectral_norm=False, weight_norm=True)
    config.generator.learning_rate = 1e-3
    config.discriminator.learning_rate = 1e-4
    config.average.decay = 0.99
    config.train.update(steps=1500, batch=8, num_d_steps=1)
    config.train.update(log_every=50, sample_every=500, checkpoint_every=500)
    config.watch.every = 0  # a wave is a function of its spectrogram
    config.evaluate.update(metrics=("vocoded",), samples=0)
    return config
