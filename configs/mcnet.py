"""MCNet (Villegas et al., ICLR 2017): ten gray frames of 128 x 128 after ten, the authors' recipe.

Data      jaxgan prepare films data/people --frames=20 --size=128 --channels=1
Command   jaxgan train --config=mcnet --workdir=runs/mcnet
Network   generator of 14,093,953 parameters, discriminator of 4,368,321
Hardware  one GPU; not trained here

The authors' settings: squared differences, differences of gradients, and the adversarial loss with
a weight of 0.02; Adam with 1e-4 and b1 = 0.5, batches of 8, 100,000 steps. Differs:
models/mcnet.py.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="mcnet", objective="next_frame")
    config.data.update(name="data/people", medium="next_frames", size=(20, 128, 128), context=10)
    config.condition = "data"
    config.objective.update(adversarial=0.02, one_pass=False)
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=1e-4, b1=0.5, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.0
    config.train.update(steps=100_000, batch=8, num_d_steps=1)
    config.evaluate.metrics = ("paired",)
    return config
