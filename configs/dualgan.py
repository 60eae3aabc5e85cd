"""DualGAN (arXiv 1704.02510) on two folders of images of 256 x 256.

Data      jaxgan prepare sketches data/domains --domains=photos --size=256
Command   jaxgan train --config=dualgan --workdir=runs/dualgan
Use       jaxgan translate runs/dualgan sketches --out=made, or photos with --back
Network   two U-Nets of 54,409,603 parameters, two discriminators of 2,764,737
Hardware  one GPU; not trained here

CycleGAN's scheme with Wasserstein losses, weights clipped to 0.01, and the mean absolute cycle
difference with a weight of 500 (the paper: 100 to 1,000, depending on the data); no identity loss,
no image pool. Adam with b1 = 0, which is RMSProp, at Wasserstein GAN's 5e-5. Differs from the
paper: U-Nets without noise, where the paper has dropout; instance norm.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="cyclegan", objective="cyclegan")
    config.data.update(name="data/domains", medium="domains", size=(256, 256))
    config.data.update(split="train[:95%]", held_out="train[95%:]")
    config.condition = "data"
    config.model.update(levels=8)
    config.objective.update(loss="wasserstein", adversarial=1.0, cycle=500.0)
    config.objective.update(identity=0.0, pool=0)
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=5e-5, b1=0.0, b2=0.9, orthogonal=0.0, spectral_norm=False)
    config.discriminator.clip_weights = 0.01
    config.average.decay = 0.0
    config.train.update(steps=100_000, batch=1, num_d_steps=3)
    config.train.update(log_every=100, sample_every=1000, checkpoint_every=2000)
    config.watch.every = 2000
    config.evaluate.metrics = ("fd", "kd")
    return config
