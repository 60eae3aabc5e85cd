"""GauGAN (SPADE, arXiv 1903.07291) on pictures with label maps, 256 x 256: the paper's networks.

Data      jaxgan prepare photos data/maps --maps=maps --map-classes=150 --size=256
          where maps/NAME.png, a gray PNG, holds the classes of photos/NAME: ADE20K has 150,
          counted from 0; unlabelled pixels are 255
Command   jaxgan train --config=spade --workdir=runs/spade
Use       jaxgan translate runs/spade maps --out=made
Network   G of 96,462,531 parameters with 150 classes (96,492,483 with the 151 of the paper, where
          unlabelled pixels are a class)
Hardware  GPUs; not trained here
Expected  not the paper's FID of 33.9 on ADE20K, because of the differences below

Batches of 32; Adam with 1e-4 for G and 4e-4 for D, b1 = 0; hinge loss; feature matching with a
weight of 10; spectral norm in both networks; two times 100 epochs of 20,210 pictures, and the
learning rates fall to 0 in the second half. The paper states b2 = 0.999, its authors trained with
0.9, as here. Differs: no loss on VGG features; instance norm instead of batch norm over all
devices; D steps before G; random crops of at least 80 % of the area.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config

EPOCH = 20_210  # pictures of ADE20K


def get_config() -> ConfigDict:
    config = default_config(model="spade", objective="spade")
    config.data.update(name="data/maps", medium="maps", size=(256, 256))
    config.data.update(flip=True, random_crop=0.8, split="train[:95%]", held_out="train[95%:]")
    config.condition = "data"
    for player, rate in ((config.generator, 1e-4), (config.discriminator, 4e-4)):
        falling = f"linear({rate}, 0, images={100 * EPOCH}, after={100 * EPOCH})"
        player.update(learning_rate=falling, b1=0.0, b2=0.9, orthogonal=0.0, spectral_norm=True)
    config.average.decay = 0.9999
    config.train.update(steps=200 * EPOCH // 32, batch=32, num_d_steps=1)
    config.train.update(log_every=100, sample_every=1000, checkpoint_every=2000)
    config.watch.every = 2000
    config.evaluate.metrics = ("paired", "segmentation")
    return config
