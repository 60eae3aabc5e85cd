"""3D-GAN (arXiv 1610.07584) at 64 x 64 x 64 voxels: the paper's network and recipe.

Data      jaxgan prepare chairs data/volumes --voxels=64, from meshes (OBJ, STL, OFF) or .npz
Command   jaxgan train --config=gan3d --workdir=runs/gan3d
Network   generator of 17,569,664 parameters, discriminator of 11,048,704
Hardware  one GPU; not trained here
Expected  as in the paper, for one class of objects: solid shapes, latent arithmetic

The paper's settings: cross entropy, Adam with 0.0025 for G, 1e-5 for D and b1 = 0.5, batches of
100, 200 uniform latents. Latents are U(-1, 1) here, not U(0, 1): the batch norm after the first
layer removes the difference. Differs: D is updated in every step, where the paper skips it if it
was right on more than 80 % of the last batch; the number of steps is our own choice.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="gan3d")
    config.data.update(name="data/volumes", medium="volumes", size=(64, 64, 64))
    config.objective.update(loss="non_saturating", one_pass=False)
    config.prior = "uniform"
    for player in (config.generator, config.discriminator):
        player.update(b1=0.5, orthogonal=0.0, spectral_norm=False)
    config.generator.learning_rate = 2.5e-3
    config.discriminator.learning_rate = 1e-5
    config.average.decay = 0.0
    config.train.update(steps=50_000, batch=100, num_d_steps=1)
    config.train.update(log_every=100, sample_every=1000, checkpoint_every=1000)
    config.watch.every = 1000
    config.evaluate.update(extractor="discriminator", metrics=("fd", "kd", "precision_recall"))
    return config
