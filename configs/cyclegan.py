"""CycleGAN (arXiv 1703.10593) on two folders of images of 256 x 256: the authors' recipe.

Data      jaxgan prepare horses data/domains --domains=zebras --size=256
Command   jaxgan train --config=cyclegan --workdir=runs/cyclegan
Use       jaxgan translate runs/cyclegan horses --out=made, or zebras with --back
Network   two translators of 11,378,179 parameters, two discriminators of 2,764,737
Hardware  one GPU; not trained here
Expected  the paper's results

Batches of one, Adam with 2e-4 and b1 = 0.5, least squares, weights of 10 for cycle consistency and
5 for identity (as in the authors' code; the paper uses identity for paintings only), an image pool
of 50, no average. The learning rate is constant for 100 epochs and falls to 0 over 100 more, where
an epoch is 1,334 images, the larger of the authors' domains of horses and zebras. Differs: random
crops of at least 80 % of the area, resized, instead of 256 x 256 crops from 286 x 286; D steps
before G.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config

EPOCH = 1334  # images of the larger domain


def get_config() -> ConfigDict:
    config = default_config(model="cyclegan", objective="cyclegan")
    config.data.update(name="data/domains", medium="domains", size=(256, 256))
    config.data.update(flip=True, random_crop=0.8, split="train[:95%]", held_out="train[95%:]")
    config.condition = "data"
    rate = f"linear(2e-4, 0, images={100 * EPOCH}, after={100 * EPOCH})"
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=rate, b1=0.5, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.0
    config.train.update(steps=200 * EPOCH, batch=1, num_d_steps=1)
    config.train.update(log_every=100, sample_every=1000, checkpoint_every=2000)
    config.watch.every = 2000
    config.evaluate.metrics = ("fd", "kd")
    return config
