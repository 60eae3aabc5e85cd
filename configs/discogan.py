"""DiscoGAN (arXiv 1703.05192) on two folders of images of 64 x 64.

Data      jaxgan prepare shoes data/domains --domains=handbags --size=64
Command   jaxgan train --config=discogan --workdir=runs/discogan
Use       jaxgan translate runs/discogan shoes --out=made, or handbags with --back
Network   two encoders and decoders with four halvings, two discriminators
Hardware  one GPU; not trained here

CycleGAN's scheme with other losses: the original adversarial loss and squared cycle differences,
both with weight 1; no identity loss, no image pool. Differs from the paper: instance norm, and
patch discriminators (receptive fields of 70 x 70, more than the image).
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="cyclegan", objective="cyclegan")
    config.data.update(name="data/domains", medium="domains", size=(64, 64))
    config.data.update(split="train[:95%]", held_out="train[95%:]")
    config.condition = "data"
    config.model.update(levels=4, skips=False)
    config.objective.update(loss="non_saturating", adversarial=1.0, cycle=1.0)
    config.objective.update(cycle_loss="square", identity=0.0, pool=0)
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=2e-4, b1=0.5, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.0
    config.train.update(steps=40_000, batch=64, num_d_steps=1)
    config.train.update(log_every=100, sample_every=1000, checkpoint_every=2000)
    config.watch.every = 2000
    config.evaluate.metrics = ("fd", "kd")
    return config
