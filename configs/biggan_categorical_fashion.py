"""Unsupervised BigGAN with a categorical latent on Fashion-MNIST: 16 categories, no labels.

Command   python -m tests.experiments.categorical, which trains, and compares with the classes
          (the training alone: jaxgan train --config=configs/biggan_categorical_fashion.py
          --workdir=runs/categories)
Hardware  2 CPU cores
Expected  docs/family.md: normalised mutual information 0.24 with the classes after 600 steps
          (g/information_loss starts at log 16 = 2.77)

For ImageNet, use the fields of biggan_imagenet128.py and data.categories = 1024.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="biggan_categorical", objective="infogan")
    config.objective.update(loss="hinge", class_weight=1.0)
    config.data.update(size=(16, 16), split="train[:80%]", categories=16)
    config.model.update(width=16, latent_dim=24, embedding_dim=32)
    config.generator.learning_rate = 1e-3
    config.discriminator.learning_rate = 1e-3
    config.average.decay = 0.995
    config.train.update(steps=600, batch=64, num_d_steps=1)
    config.train.update(log_every=20, sample_every=200, checkpoint_every=100)
    config.watch.every = 0  # for minutes: no looks for collapse
    config.sample.update(standing_batches=20, standing_batch=100)
    config.evaluate.update(samples=1000)
    return config
