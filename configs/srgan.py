"""SRGAN (arXiv 1609.04802): photographs enlarged four times, the paper's networks and recipe.

Data      jaxgan prepare photos data/photos --size=96
Command   jaxgan train --config=srgan --workdir=runs/srresnet
          jaxgan train --config=srgan:game --workdir=runs/srgan
          --config.train.start_from=runs/srresnet
          the first with squared differences alone (SRResNet), the second adversarial
Use       jaxgan translate runs/srgan small --out=large
          jaxgan evaluate runs/srgan
Network   SRResNet of 1,549,462 parameters, discriminator of 23,565,505
Hardware  one GPU; not trained here
Expected  the paper's results with 350,000 photographs: 28.5 dB (SRResNet) on the luma of Set14,
          bicubic 26.0

The paper's settings: batches of 16, Adam with b1 = 0.9; 1e6 steps at 1e-4, then 1e5 adversarial
steps at 1e-4 and 1e5 at 1e-5, with a weight of 1e-3 for the adversarial loss. Differs: the content
loss is on pixels, as in its SRGAN-MSE, not on VGG features; whole photographs of 96 x 96 instead of
crops from larger ones; random mirroring; small images in [-1, 1], not [0, 1]; instance norm in G
(models/srgan.py).
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config

BATCH = 16


def get_config(variant: str = "resnet") -> ConfigDict:
    if variant not in ("resnet", "game"):
        raise ValueError(f"variant {variant!r}: write resnet or game")
    game = variant == "game"
    config = default_config(model="srgan", objective="srgan")
    config.data.update(name="data/photos", medium="low_resolution", size=(96, 96), flip=True)
    config.data.update(split="train[:95%]", held_out="train[95%:]")
    config.condition = "data"
    config.objective.adversarial = 1e-3 if game else 0.0
    rate = f"linear(1e-4, 1e-5, images=1, after={100_000 * BATCH})" if game else 1e-4
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=rate, b1=0.9, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.0
    config.train.update(steps=200_000 if game else 1_000_000, batch=BATCH, num_d_steps=1)
    config.train.update(log_every=100, sample_every=1000, checkpoint_every=5000)
    config.watch.every = 5000 if game else 0  # a discriminator that is not trained
    config.evaluate.metrics = ("paired", "luma")
    return config
