"""R3GAN (arXiv 2501.05441): the paper's recipes by data set, and one for 128 pixels.

Data      jaxgan prepare CIFAR10_FOLDER data/cifar10 --size=32, and so on
Command   jaxgan train --config=configs/r3gan.py --workdir=runs/r3gan_cifar10
          jaxgan train --config=configs/r3gan.py:imagenet64 --workdir=runs/r3gan_imagenet64
Hardware  four or more accelerators; a user needed four days on eight L40 for the CIFAR-10 model
Status    parameter counts are the paper's; never trained at this size
Expected  the paper: FID 1.96 on CIFAR-10, 1.95 on FFHQ at 64 pixels, 2.75 at 256, 1.27 on ImageNet
          at 32 pixels, 2.09 at 64

Relativistic pairing loss with R1 and R2 in every step, fakes with the labels of the reals, a fresh
batch for the generator. Learning rate, b2, the penalty's weight, the average's half-life and the
augmentation follow one cosine schedule over the first images, and then stay constant.

Deviations: the training lengths are ours, except for CIFAR-10. `128` is not in the paper: its
penalty's weight lies between those of 64 and 256 pixels, on a logarithmic scale. Augmentation:
game/terms/ada.py says what differs.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config

# Side, finest width, most, group width; batch, schedule's images, all images; penalty's weight from
# and to, half-life of the average, augmentation's probability.
RECIPES = {
    "cifar10": (32, 768, 768, 16, 512, 2e7, 2.5e8, 0.05, 0.005, 5e6, 0.55),
    "ffhq64": (64, 384, 768, 16, 256, 2e7, 1e8, 2.0, 0.2, 5e5, 0.3),
    "128": (128, 192, 768, 16, 256, 2e7, 1e8, 17.0, 1.7, 5e5, 0.3),
    "ffhq256": (256, 96, 768, 16, 256, 2e7, 1e8, 150.0, 15.0, 5e5, 0.3),
    "imagenet32": (32, 1536, 1536, 32, 4096, 2e8, 1e9, 0.5, 0.05, 5e7, 0.5),
    "imagenet64": (64, 1536, 1536, 32, 4096, 2e8, 1e9, 1.0, 0.1, 5e7, 0.4),
}


def get_config(recipe: str = "cifar10") -> ConfigDict:
    if recipe not in RECIPES:
        raise ValueError(f"recipe {recipe!r}: write one of {', '.join(RECIPES)}")
    side, width, most, group, batch, images, total, weight, least, half, p = RECIPES[recipe]
    over = lambda start, end: f"cosine({start:g}, {end:g}, images={images:g})"
    config = default_config(model="r3gan", objective="relativistic")
    config.condition = "data"
    config.data.update(name=f"data/{recipe}", size=(side, side))
    config.model.update(width=width, most=most, group_width=group, dtype="bfloat16")
    config.model.conditional = "ffhq" not in recipe
    config.penalty.update(name="r1_r2", weight=over(weight, least))
    config.augmentation.update(name="ada", probability=over(0, p), color=0.5, cutout=True)
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=over(2e-4, 5e-5), b2=over(0.9, 0.99))
        player.update(orthogonal=0.0, spectral_norm=False)
    config.average.half_life = over(0, half)
    config.train.update(batch=batch, num_d_steps=1, fresh_batches=True)
    config.in_images.update(train=int(total), sample=1_000_000, checkpoint=2_000_000)
    return config
