"""The GAN of 2014 (arXiv 1406.2661): two multilayer perceptrons on 28 x 28 Fashion-MNIST.

Command   jaxgan train --config=configs/mlp_gan.py --workdir=runs/mlp
Hardware  2 CPU cores
Time      about 2 processor minutes, estimated from 0.43 for 64,000 images
Status    trained for 64,000 images (docs/lineage.md); full-run expectations follow the paper
Expected  clothes with grainy edges, some kinds missing; labels are ignored
Try       --config.model.conditional=True (conditional GAN, arXiv 1411.1784)
          --config.objective.loss=minimax, kl, reverse_kl, jensen_shannon, pearson, ...: at the
          start minimax gives the generator almost no gradient

Differs from the paper: Adam with 1e-3 instead of SGD with momentum.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="mlp")
    config.data.size = (28, 28)
    config.objective.loss = "non_saturating"
    config.model.update(generator_widths=(256, 512), discriminator_widths=(512, 256))
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=1e-3, b1=0.5, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.995
    config.train.update(steps=5000, batch=64, num_d_steps=1)
    config.train.update(log_every=100, sample_every=500, checkpoint_every=500)
    config.evaluate.update(samples=1000)
    return config
