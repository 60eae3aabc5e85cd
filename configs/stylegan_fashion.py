"""StyleGAN (arXiv 1812.04948) on 32 x 32 Fashion-MNIST, with lazy R1 and path length.

Command   jaxgan train --config=configs/stylegan_fashion.py --workdir=runs/stylegan
Hardware  2 CPU cores
Time      about 6 processor minutes
Expected  clothes of most kinds; `python -m tests.demos.styles runs/stylegan` draws the mixing grid

The paper's settings: non-saturating loss, R1, Adam with b1 = 0, b2 = 0.99, style mixing in 9 of 10
images, equalised learning rates with a mapping 100 times slower. Path length and lazy
regularisation are from its successor (arXiv 1912.04958). Differs: a narrow mapping of 4 layers; a
learning rate of 5e-3, high because of the few steps (docs/lineage.md says what 2e-3 did).
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="stylegan", objective="style")
    config.data.size = (32, 32)
    config.model.update(width=8, most=32, style_dim=32, depth=4, latent_dim=32 + 2720)
    config.penalty.update(name="r1", weight=1.0, every=4)
    config.path_length.weight = 0.5
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=5e-3, b2=0.99, orthogonal=0.0, spectral_norm=False)
        player.equalized = True
    config.average.decay = 0.99
    config.train.update(steps=2000, batch=32, num_d_steps=1)
    config.train.update(log_every=48, sample_every=200, checkpoint_every=200)
    config.evaluate.update(samples=1000)
    return config
