"""MelGAN (arXiv 1910.06711): speech from its mel spectrograms, the authors' recipe.

Data      jaxgan prepare speech data/speech --window=8192 --rate=22050 --normalise=peak
Command   jaxgan train --config=melgan --workdir=runs/melgan
          jaxgan translate runs/melgan sounds --out=vocoded
Network   generator of 4,266,050 parameters, discriminator of 16,924,086
Hardware  one GPU; not trained here
Expected  as in the paper: more natural speech than the Griffin-Lim algorithm's, faster than real
          time

The authors' settings: hinge loss, feature matching with a weight of 10, Adam with 1e-4 and (0.5,
0.9), batches of 16 windows of 8,192 samples, weight norm, no average; windows are scaled to a
random loudness. Differs: windows are cut beforehand by `jaxgan prepare` (a smaller --hop gives
more), from files normalised to a peak of 1; the number of steps is our own choice.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="melgan", objective="melgan")
    config.data.update(name="data/speech", medium="mels", size=(8192,), rate=22_050)
    config.data.update(hop=256, mel_bins=80, split="train[:95%]", held_out="train[95%:]")
    config.condition = "data"
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=1e-4, b1=0.5, b2=0.9, orthogonal=0.0)
        player.update(spectral_norm=False, weight_norm=True)
    config.average.decay = 0.0
    config.train.update(steps=400_000, batch=16, num_d_steps=1)
    config.train.update(log_every=100, sample_every=2000, checkpoint_every=2000)
    config.watch.every = 0  # a wave is a function of its spectrogram
    config.evaluate.metrics = ("vocoded",)
    return config
