"""VGAN (arXiv 1609.02612), small: eight frames of 16 x 16, squares in four directions.

Data      python -m tests.data.made_media moving moving --count=150
          jaxgan prepare moving data/moving --frames=8 --stride=2 --size=16
Command   jaxgan train --config=vgan_moving --workdir=runs/vgan
          python -m tests.demos.masks runs/vgan data/moving
Hardware  2 CPU cores
Time      2 processor minutes
Try       --config.model.streams=1 --config.terms="()": the paper's control, one stream

Differs from vgan.py: a quarter of the width, Adam with 5e-4, an average, batches of 32.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="vgan")
    config.data.update(name="data/moving", medium="clips", size=(8, 16, 16))
    config.model.update(width=16)
    config.objective.update(loss="non_saturating", one_pass=False)
    config.terms = ("mask",)
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=5e-4, b1=0.5, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.99
    config.train.update(steps=3000, batch=32, num_d_steps=1)
    config.train.update(log_every=50, sample_every=500, checkpoint_every=500)
    config.sample.update(standing_batches=20, standing_batch=64)
    config.watch.every = 500
    config.evaluate.update(extractor="discriminator", metrics=("fd", "kd", "precision_recall"))
    return config
