"""The next frame by Mathieu et al. (arXiv 1511.05440): four frames in, one out, patches of 32 x 32.

Data      jaxgan prepare films data/patches --frames=5 --size=32
          with films cropped to where things move
Command   jaxgan train --config=next_frame --workdir=runs/next_frame
Network   generator of 223,644 parameters on four scales, discriminator of 2,128,548
Hardware  one GPU; not trained here at the paper's length
Try       --config.objective.adversarial=0 --config.objective.gdl=0: squared differences alone

The weights are those of the paper's text as we remember it: 0.05 for the adversarial loss and 1 for
the difference of gradients; the authors' code has 0.01, and no difference of gradients. Adam with
1e-4 instead of their SGD with 0.02, batches of 8; the number of steps is our own choice.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="next_frame", objective="next_frame")
    config.data.update(name="data/patches", medium="next_frames", size=(5, 32, 32), context=4)
    config.condition = "data"
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=1e-4, b1=0.9, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.0
    config.train.update(steps=500_000, batch=8, num_d_steps=1)
    config.evaluate.metrics = ("paired",)
    return config
