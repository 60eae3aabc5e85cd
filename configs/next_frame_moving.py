"""The next frame (arXiv 1511.05440), small: squares that move over a still ground, 16 x 16.

Data      python -m tests.data.made_media moving moving --count=150
          jaxgan prepare moving data/next --frames=6 --stride=2 --size=16
Command   jaxgan train --config=next_frame_moving --workdir=runs/next_frame
Hardware  2 CPU cores
Time      1.5 processor minutes
Result    PSNR 3 dB above copying the last frame: docs/video.md
          python -m tests.demos.next_frames trains it with three losses

Differs from next_frame.py: three scales, half the width, two frames predicted from four, Adam with
1e-3, batches of 16, and a tenth of the weight for the difference of gradients: with the paper's
weight, frames that are flat except for a small square turn gray.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="next_frame", objective="next_frame")
    config.data.update(name="data/next", medium="next_frames", size=(6, 16, 16), context=4)
    config.condition = "data"
    config.model.width = 8
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=1e-3, b1=0.9, orthogonal=0.0, spectral_norm=False)
    config.objective.gdl = 0.1
    config.average.decay = 0.98
    config.train.update(steps=1000, batch=16, num_d_steps=1)
    config.train.update(log_every=20, sample_every=100, checkpoint_every=200)
    config.evaluate.metrics = ("paired",)
    return config
