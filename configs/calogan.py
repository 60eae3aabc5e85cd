"""CaloGAN (arXiv 1705.02355): showers of a given energy in three layers of a calorimeter.

Data      python -m tests.data.made_showers showers.npz, or public data: data/prepare/showers.py
          jaxgan prepare showers.npz data/showers --showers
Command   jaxgan train --config=calogan --workdir=runs/calogan
Hardware  not run here; smaller on a CPU: --config.model.latent_dim=64 --config.model.unfolded=8
Expected  total energies near the requested ones: g/energy_error, in GeV

As in the authors' code: z of 1,024 normal numbers, energies from U(1, 100), Adam with 2e-4 for G,
2e-5 for D and b1 = 0.5, batches of 256, cross entropy, a weight of 0.05 for the energy. There, G
takes two steps for each step of D, which sees one real and one generated batch; here both
alternate.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config("calogan", "calogan")
    config.data.update(name="data/showers", medium="showers", size=(505,))
    for player in (config.generator, config.discriminator):
        player.update(b1=0.5, orthogonal=0.0, spectral_norm=False)
    config.generator.learning_rate = 2e-4
    config.discriminator.learning_rate = 2e-5
    config.average.decay = 0.0
    config.train.update(steps=20_000, batch=256, num_d_steps=1)
    config.train.update(log_every=50, sample_every=1000, checkpoint_every=1000)
    config.watch.every = 1000
    return config
