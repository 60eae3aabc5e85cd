"""R3GAN (arXiv 2501.05441) on 32 x 32 Fashion-MNIST, narrow, for minutes.

Command   jaxgan train --config=configs/r3gan_fashion.py --workdir=runs/r3gan
Hardware  2 CPU cores
Time      about 45 processor minutes
Expected  clothes of all kinds, sharp, without any normalisation

--config=configs/r3gan_fashion.py:64000 trains on 64,000 images, over which the schedules extend.

The paper's objective, networks and schedules (configs/r3gan.py), with 16 to 64 channels, a learning
rate that falls from 2e-3 to 2e-4, and no augmentation: each of the 10,000 images is seen 13 times.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config(images: str = "128000") -> ConfigDict:
    if not images.isdigit() or not int(images):
        raise ValueError(f"images {images!r}: write a whole number above 0, such as 128000")
    length = int(images)
    over = lambda start, end: f"cosine({start:g}, {end:g}, images={length})"
    config = default_config(model="r3gan", objective="relativistic")
    config.condition = "data"
    config.data.size = (32, 32)
    config.model.update(width=16, most=64)
    config.penalty.update(name="r1_r2", weight=over(1, 0.2))
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=over(2e-3, 2e-4), b2=over(0.9, 0.99))
        player.update(orthogonal=0.0, spectral_norm=False)
    config.average.half_life = over(0, 3 * length / 64)
    config.train.update(batch=64, num_d_steps=1, fresh_batches=True)
    config.in_images.update(train=length, log=3200, sample=12_800, checkpoint=12_800)
    config.evaluate.update(samples=1000)
    return config
