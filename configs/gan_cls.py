"""GAN-INT-CLS (arXiv 1605.05396) at 64 x 64: images from captions.

Data      jaxgan prepare birds data/captions --captions=captions.npz --size=76
          captions.npz: captions, vectors (1,024 numbers in the paper) and files, docs/text.md
Command   jaxgan train --config=gan_cls --workdir=runs/gan_cls
Network   21,133,824 and 4,226,560 parameters with 1,024 numbers per text, as in the authors' code
Hardware  not run here; the paper does not say how long it took
Expected  inception score 2.88 on CUB, as the authors of StackGAN measured it (arXiv 1612.03242)

Epochs are counted for 9,000 training images, about as many as in CUB. Differs: random resized crops
instead of 64 x 64 crops from 76 x 76; the mean of all captions of an image instead of 4 drawn ones.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="text_dcgan", objective="gan_cls")
    config.data.update(name="data/captions", medium="captions", size=(64, 64))
    config.data.update(flip=True, random_crop=0.7)
    config.data.update(split="train[:90%]", held_out="train[90%:]")
    config.condition = "data"
    for player in (config.generator, config.discriminator):
        player.update(b1=0.5, orthogonal=0.0, spectral_norm=False)
        player.learning_rate = "halving(2e-4, images=9e5)"  # every 100 of 600 epochs
    config.average.decay = 0.0
    config.train.update(steps=84_000, batch=64, num_d_steps=1)
    config.sample.update(standing_batch=64, standing_batches=16)
    config.evaluate.metrics = ("retrieval", "fd")
    return config
