"""BigBiGAN on ImageNet: images of 128 x 128, an encoder that sees 256 x 256 (arXiv 1907.02544).

Data      jaxgan prepare IMAGENET/train data/imagenet256 --size=256
Command   jaxgan train --config=configs/bigbigan_imagenet128.py:resnet50 --workdir=runs/bigbigan
Hardware  not stated in the parts of the paper at hand; batch 2048, 500,000 steps
Expected  linear probe 55.4 % (ResNet-50) or 60.8 % (RevNet-50 x4) top-1 on AvgPool features, 56.6 %
          or 61.3 % on BN+CReLU; FID 22.3, or 20.3 after a million steps, without truncation

variant      encoder       parameters of E, without its perceptron
resnet50     ResNet-50     23,500,352
resnet50x2   ResNet-50 x2  93,907,840
resnet50x4   ResNet-50 x4
revnet50x4   RevNet-50 x4  85,765,632
The generator has 70,306,116 parameters, with a class embedding of a single row; F has 86,446,370.

Not run here at this size. Not verified: everything that models/bigbigan.py lists, and the learning
rates, which are BigGAN's, with ten times the generator's for E. Differs from the paper: images are
cropped to a square and mirrored, where the paper also uses random crops.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config

# Variant -> encoder, width.
VARIANTS = {
    "resnet50": ("resnet", 64),
    "resnet50x2": ("resnet", 128),
    "resnet50x4": ("resnet", 256),
    "revnet50": ("revnet", 64),
    "revnet50x4": ("revnet", 256),
}


def get_config(variant: str = "resnet50") -> ConfigDict:
    if variant not in VARIANTS:
        raise ValueError(f"variant {variant!r}: write one of {', '.join(VARIANTS)}")
    config = default_config(model="bigbigan", objective="bigbigan")
    config.data.update(name="data/imagenet256", size=(256, 256), flip=True)
    config.model.update(width=96, latent_dim=120, dtype="bfloat16")
    config.model.encoder, config.model.encoder_width = VARIANTS[variant]
    config.generator.update(learning_rate=5e-5, encoder_learning_rate=5e-4, orthogonal=1e-4)
    config.discriminator.learning_rate = 2e-4
    config.average.update(decay=0.9999, start_step=20_000)
    config.train.update(steps=500_000, batch=2048, num_d_steps=2)
    return config
