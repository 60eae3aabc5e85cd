"""Context encoder (arXiv 1604.07379): the middle of an image from what is around it, 128 x 128.

Data      jaxgan prepare photos data/photos --size=128
Command   jaxgan train --config=context_encoder --workdir=runs/context
Use       jaxgan translate runs/context photos --out=filled; the middle of each photo is ignored
Network   pix2pix's encoder and decoder, without skips or dropout, and its patch discriminator
Hardware  one GPU; not trained here
Expected  plausible middles that fit their surroundings

The paper's settings: a hole of half the height and width, an encoder and a decoder, Adam with 2e-4
and b1 = 0.5, reconstruction loss with weight .999 and adversarial loss with weight .001. Differs:
pix2pix's objective (objectives/pix2pix.py) generates the whole image, so the distance is absolute,
not squared, and includes the surroundings of the hole; the discriminator sees the completed image
together with the image with the hole, where the paper's sees the middle alone.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="pix2pix", objective="pix2pix")
    config.data.update(name="data/photos", medium="holes", size=(128, 128))
    config.data.update(flip=True, split="train[:95%]", held_out="train[95%:]")
    config.condition = "data"
    config.model.update(skips=False, dropout=0.0)
    config.objective.l1 = 999.0
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=2e-4, b1=0.5, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.0
    config.train.update(steps=100_000, batch=64, num_d_steps=1)
    config.train.update(log_every=100, sample_every=1000, checkpoint_every=2000)
    config.watch.every = 2000
    config.evaluate.metrics = ("paired",)
    return config
