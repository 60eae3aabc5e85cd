"""Everybody Dance Now in minutes: a puppet of 32 x 32 dances after stick figures.

Data      python -m tests.data.puppet data/puppet
          jaxgan prepare data/puppet/films data/dance --frames=2
          24 dances of 32 frames; all joints of the puppet are known
Command   jaxgan train --config=dance_puppet --workdir=runs/dance
          jaxgan translate runs/dance data/puppet/poses --out=danced
          python -m tests.demos.dance runs/dance
Network   F with two halvings, three blocks, width 16; discriminators at two scales, patches of
          34 x 34
Hardware  2 CPU cores
Time      6 minutes on one core (shared), 176 CPU seconds
Result    error on the puppet 0.077 (nearest pose: 0.112), on the whole frame 0.033 (0.025):
          docs/dance.md
Try       --config.model.temporal=False: frame by frame, the paper's control

Differs from dance.py: batches of 8, a learning rate of 4e-4 that falls to 0 in the second half.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config

STEPS, BATCH = 1000, 8


def get_config() -> ConfigDict:
    config = default_config(model="dance", objective="dance")
    config.data.update(name="data/dance", medium="posed_clips", size=(2, 32, 64))
    config.data.update(split="train[:90%]", held_out="train[90%:]")
    config.condition = "data"
    config.model.update(width=16, blocks=3, halvings=2, patch_layers=2, scales=2)
    half = STEPS * BATCH // 2
    rate = f"linear(4e-4, 0, images={half}, after={half})"
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=rate, b1=0.5, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.0
    config.train.update(steps=STEPS, batch=BATCH, num_d_steps=1)
    config.train.update(log_every=50, sample_every=200, checkpoint_every=400)
    config.watch.every = 0  # for minutes: no looks for collapse
    config.evaluate.metrics = ("paired",)
    return config
