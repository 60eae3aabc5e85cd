"""CycleGAN in minutes: units of a game in red, and others in blue, 32 x 32.

Data      python tests/data/real_data.py wesnoth_teams data/teams --size=32
          unit sprites of the Debian package wesnoth-1.16-data (GPL-2+); no unit is in both domains
Command   jaxgan train --config=cyclegan_teams --workdir=runs/teams
          python -m tests.demos.teams runs/teams data/teams_pairs
Network   translators of three blocks and width 16, residual to their source; patches of 34 x 34
Hardware  2 CPU cores
Time      7 processor minutes
Result    0.59 of the source's error inside the team's colour, 0.022 outside: docs/translation.md

Differs from cyclegan.py: batches of 4, a learning rate of 4e-4 that falls to 0 in the second half,
no crops.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config

STEPS, BATCH = 4800, 4


def get_config() -> ConfigDict:
    config = default_config(model="cyclegan", objective="cyclegan")
    config.data.update(name="data/teams", medium="domains", size=(32, 32), flip=True)
    config.condition = "data"
    config.model.update(width=16, blocks=3, skip=True, patch_layers=2)
    half = STEPS * BATCH // 2
    rate = f"linear(4e-4, 0, images={half}, after={half})"
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=rate, b1=0.5, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.0
    config.train.update(steps=STEPS, batch=BATCH, num_d_steps=1)
    config.train.update(log_every=50, sample_every=200, checkpoint_every=400)
    config.watch.every = 0  # for minutes: no looks for collapse
    config.evaluate.metrics = ("fd", "kd")
    return config
