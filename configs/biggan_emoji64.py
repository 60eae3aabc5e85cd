"""BigGAN in colour at 64 x 64: emoji in three drawing styles (Noto, Twemoji, Fluent), 27 classes.

Data      python tests/data/real_data.py emoji data/emoji64 --size=64
          10,934 drawings on white, 3 styles x 9 groups ("fluent Food & Drink"); 85 to 2,261 images
          per class, so classes are drawn equally often
Network   width 8 (generator 561 k, discriminator 310 k parameters), no attention, which
          would take too long on two cores
Command   jaxgan train --config=configs/biggan_emoji64.py --workdir=runs/emoji
Hardware  2 CPU cores: 1.1 processor seconds per step
Time      15 processor minutes
Expected  docs/emoji64.png: yellow faces, flags and coloured blobs on white, by class; small figures
          are not recognisable yet

Differs from the paper as required by small data and minutes of training: see quickstart.py.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config()
    config.data.update(name="data/emoji64", size=(64, 64), class_balanced=True)
    config.model.update(width=8, latent_dim=80, embedding_dim=32)
    config.model.update(generator_attention=0, discriminator_attention=0)
    config.generator.learning_rate = 1e-3
    config.discriminator.learning_rate = 1e-3
    config.average.decay = 0.998
    config.train.update(steps=1250, batch=32, num_d_steps=1)
    config.train.update(log_every=50, sample_every=250, checkpoint_every=250)
    config.watch.every = 0  # for minutes: no looks for collapse
    config.sample.update(standing_batches=20, standing_batch=128)
    config.evaluate.update(samples=2000)
    return config
