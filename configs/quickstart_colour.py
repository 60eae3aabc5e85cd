"""Quick start in colour: the same small BigGAN on emoji, in minutes, without an accelerator.

Data      python tests/data/real_data.py emoji data/emoji --size=32 \\
              --groups "Smileys & Emotion" Flags "People & Body"
          7,700 drawings on white: faces, flags and people, each in 3 styles, so 9 classes
Network   the quick start's, for colour
Command   ./launch/quickstart --colour, which makes the data, or
          jaxgan train --config=configs/quickstart_colour.py --workdir=runs/colour
Hardware  2 CPU cores
Time      5 minutes, after 1 or 2 for the data
Expected  flags, faces and the outlines of people; 82 and 85 % of the samples of two runs were
          recognised as their class (98 % of held-out emoji), and 0.92 and 0.87 times as diverse

Differs from quickstart.py in the data: 166 to 2,261 images per class, so classes are drawn equally
often; in 1,200 steps; and in learning rates that fall along a cosine.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config()
    config.data.update(name="data/emoji", size=(32, 32), class_balanced=True)
    config.model.update(width=16, latent_dim=60, embedding_dim=32)
    for player in (config.generator, config.discriminator):
        player.learning_rate = "cosine(1e-3, 1e-4, images=76800)"
    config.average.decay = 0.995
    config.train.update(steps=1200, batch=64, num_d_steps=1)
    config.train.update(log_every=20, sample_every=200, checkpoint_every=200)
    config.watch.every = 0  # for minutes: no looks for collapse
    config.sample.update(standing_batches=20, standing_batch=100)
    config.evaluate.update(samples=1000, metrics=("recognition",))
    return config
