"""VGAN (arXiv 1609.02612): clips of 32 frames of 64 x 64, the authors' recipe.

Data      jaxgan prepare films data/clips --size=64 --frames=32, with films of one kind of scene
Command   jaxgan train --config=vgan --workdir=runs/vgan
Network   generator of 16,245,383 parameters, discriminator of 11,041,473
Hardware  one GPU; not trained here
Expected  as in the paper: a static background, and something moving in front of it
Try       --config.model.streams=1 --config.terms="()": the paper's control, one stream

The authors' settings: cross entropy, the mean of the mask with a weight of 0.1, Adam with 2e-4 and
b1 = 0.5, batches of 64, 100 normal latents, no average. Differs: models/vgan.py; the number of
steps is our own choice.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="vgan")
    config.data.update(name="data/clips", medium="clips", size=(32, 64, 64))
    config.objective.update(loss="non_saturating", one_pass=False)
    config.terms = ("mask",)
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=2e-4, b1=0.5, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.0
    config.train.update(steps=50_000, batch=64, num_d_steps=1)
    config.train.update(log_every=100, sample_every=1000, checkpoint_every=1000)
    config.watch.every = 1000
    config.evaluate.update(extractor="discriminator", metrics=("fd", "kd", "precision_recall"))
    return config
