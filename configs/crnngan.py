"""C-RNN-GAN (arXiv 1611.09904): tunes of 32 notes, with an LSTM for each player.

Data      jaxgan prepare midi data/tunes --notes=32, from MIDI files
Command   jaxgan train --config=crnngan --workdir=runs/crnngan
Network   1,967,354 and 2,957,501 parameters, 350 units, as in the authors' code
Hardware  a CPU; not run here
Expected  models/crnngan.py and game/objectives/crnngan.py say what is measured, against what

As in the authors' code: batches of 20, noise U(0, 1), next-note pretraining with growing length,
feature matching. Differs: Adam instead of SGD, without its weight decay, dropout and gradient norm
clipping; both players are updated in every step; the numbers of steps are our own choice.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config("crnngan", "crnngan")
    config.data.update(name="data/tunes", medium="events", size=(32,))
    config.objective.update(matching=True, pretraining=1000)
    config.prior = "uniform"
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=1e-4, b1=0.5, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.99
    config.train.update(steps=20_000, batch=20, num_d_steps=1)
    config.train.update(log_every=50, sample_every=500, checkpoint_every=1000)
    config.watch.every = 1000
    config.evaluate.metrics = ("tunes",)
    return config
