"""Quick start in colour: the same small BigGAN on emoji, in minutes, without an accelerator.

Data      python tests/data/real_data.py emoji data/emoji64 --size=64
          10,934 drawings on white, brought to 32 x 32, 27 classes: 3 styles x 9 groups
Network   the quick start's, for colour
Command   ./launch/quickstart --colour, which makes the data, or
          jaxgan train --config=configs/quickstart_colour.py --workdir=runs/colour
Hardware  2 CPU cores
Time      5 minutes, after 1 or 2 for the data
Expected  recognisable faces and flags, coloured shapes otherwise; 40 % of the samples are
          recognised as their class (79 % of real images), and they are 0.91 times as diverse

Differs from quickstart.py in the data: 85 to 2,261 images per class, so classes are drawn equally
often.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config()
    config.data.update(name="data/emoji64", size=(32, 32), class_balanced=True)
    config.model.update(width=16, latent_dim=60, embedding_dim=32)
    config.generator.learning_rate = 1e-3
    config.discriminator.learning_rate = 1e-3
    config.average.decay = 0.995
    config.train.update(steps=1200, batch=64, num_d_steps=1)
    config.train.update(log_every=20, sample_every=200, checkpoint_every=200)
    config.watch.every = 0  # for minutes: no looks for collapse
    config.sample.update(standing_batches=20, standing_batch=100)
    config.evaluate.update(samples=1000, metrics=("recognition",))
    return config
