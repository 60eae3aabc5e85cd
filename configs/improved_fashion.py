"""Improved GAN (arXiv 1606.03498) on 32 x 32 Fashion-MNIST: a classifier from 500 labels.

Command   jaxgan train --config=configs/improved_fashion.py --workdir=runs/improved
Hardware  2 CPU cores
Time      about 2 processor minutes, estimated from 1.5 for 64,000 images
Status    trained for 64,000 images (docs/lineage.md); full-run expectations follow the paper
Expected  d/accuracy, on images whose labels were not used, above that of a classifier trained on
          the 500 labels alone
Try       --config=configs/improved_fashion.py:minibatch: minibatch discrimination, label smoothing
          and instance noise instead of feature matching and labels

Differs from the paper: no weight normalisation in the discriminator, Adam with 1e-3, not 3e-4.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config(variant: str = "semi_supervised") -> ConfigDict:
    if variant not in ("semi_supervised", "minibatch"):
        raise ValueError(f"variant {variant!r}: write semi_supervised or minibatch")
    if variant == "minibatch":
        config = default_config(model="improved")
        config.objective.update(loss="label_smoothing", one_pass=False)
        config.model.update(kernels=20)
        config.augmentation.update(name="instance_noise", std="linear(0.1, 0, images=60000)")
    else:
        config = default_config(model="improved", objective="semi_supervised")
    config.data.size = (32, 32)
    config.model.update(width=16)
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=1e-3, b1=0.5, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.995
    config.train.update(steps=1500, batch=64, num_d_steps=1)
    config.train.update(log_every=50, sample_every=250, checkpoint_every=250)
    config.sample.update(standing_batches=20, standing_batch=100)
    config.evaluate.update(samples=1000)
    return config
