"""Context encoders (arXiv 1604.07379) as pix2pix: emoji with a quarter cut out, made whole.

Data      jaxgan prepare FOLDER data/emoji --size=64, of any images
Command   jaxgan train --config=holes_emoji --config.data.name=data/emoji --workdir=runs/holes
          jaxgan evaluate runs/holes
Network   pix2pix's, a quarter of the width
Hardware  1 CPU core, minutes
Status    built and traced, not trained to the end here

Differs from the paper: a U-Net that makes the whole image, where the paper's makes the hole alone;
judges of patches, with the image around the hole, as CCGAN (arXiv 1611.06430) has; L1 x 100.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="pix2pix", objective="pix2pix")
    config.data.update(name="data/emoji", medium="holes", size=(64, 64), flip=True)
    config.data.update(split="train[:90%]", held_out="train[90%:]")
    config.condition = "data"
    config.model.update(width=16, patch_layers=2)
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=4e-4, b1=0.5, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.0
    config.train.update(steps=1500, batch=8, num_d_steps=1)
    config.train.update(log_every=50, sample_every=250, checkpoint_every=250)
    config.watch.every = 0  # for minutes: no looks for collapse
    config.evaluate.metrics = ("paired",)
    return config
