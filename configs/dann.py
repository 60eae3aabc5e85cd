"""DANN (arXiv 1505.07818): digits with labels, digits over clutter without, a classifier of both.

Data      python tests/data/real_data.py clutter data/clutter
          4,500 + 4,500 digits, and 1,000 for testing; or two folders of your own:
          jaxgan prepare digits data/own --domains=photos --channels=3, with digits/CLASS/*.png
Command   jaxgan train --config=dann --workdir=runs/dann
          jaxgan evaluate runs/dann
Network   the paper's for digits, with batch norm whose moments are separate for each domain
Hardware  one CPU core, a minute or two
Measured  docs/domains.md

Differs from the paper: Adam with 1e-3, falling to 0 in the second half, instead of momentum with a
rate that falls from the start; batches of 64 + 64 instead of 128 in all, batch norm in the encoder,
D steps before the features. Baselines: objective.weight = 0 trains on the source alone; with
data.name = data/clutter/best as well, on the target with its labels.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config

STEPS, BATCH = 1000, 64


def get_config() -> ConfigDict:
    config = default_config(model="domains", objective="domains")
    config.data.update(name="data/clutter/train", medium="adaptation", size=(28, 28))
    config.objective.update(weight=0.1, ramp_steps=1000)
    half = STEPS * BATCH // 2
    rate = f"linear(1e-3, 0, images={half}, after={half})"
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=rate, b1=0.9, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.0
    config.train.update(steps=STEPS, batch=BATCH, num_d_steps=1)
    config.train.update(log_every=50, sample_every=1000, checkpoint_every=500)
    config.watch.every = 0  # there are no samples to look at
    config.evaluate.update(metrics=("target_accuracy",), reference="data/clutter/test")
    return config
