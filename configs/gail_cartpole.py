r"""GAIL (arXiv 1606.03476) on a pole to be balanced: 20 pairs of a hand-written expert.

Data      python tests/data/experts.py cartpole experts.npz
          jaxgan prepare experts.npz data/cartpole --environment=cartpole --every=10 \
            --trajectories=1
          jaxgan prepare experts.npz data/cartpole_all --environment=cartpole
Command   jaxgan train --config=gail_cartpole --workdir=runs/cartpole
          jaxgan evaluate runs/cartpole --config.evaluate.reference=data/cartpole_all
Controls  --config=gail_cartpole:expert_free, a constant reward of 1
Hardware  1 CPU core
Time      15 processor seconds
Result    return 179 ± 29 over three seeds (expert 200, without an expert 12): docs/imitation.md

Like gail_pendulum.py, with 400 steps. If episodes ended when the pole falls, a constant reward of 1
would be enough to learn this task and would prove nothing about imitation; so here the episode
continues, and the fallen pole stays where it is.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config

REWARDS = {"softplus": "softplus", "log": "log", "expert_free": "constant"}


def get_config(variant: str = "softplus") -> ConfigDict:
    if variant not in REWARDS:
        raise ValueError(f"variant {variant!r}: write one of {', '.join(REWARDS)}")
    config = default_config(model="policy", objective="gail")
    config.data.update(name="data/cartpole", medium="transitions", size=(1, 1))
    config.condition = "data"
    config.model.update(generator_widths=(64, 64), discriminator_widths=(64, 64))
    config.objective.update(environment="cartpole", rollouts=64, reward=REWARDS[variant])
    config.objective.entropy = 1e-2
    config.penalty.update(name="zero_centred", weight=0.1)
    config.generator.update(learning_rate=3e-3, b1=0.9, orthogonal=0.0, spectral_norm=False)
    config.discriminator.update(learning_rate=1e-3, b1=0.9, spectral_norm=False)
    config.average.decay = 0.0
    config.train.update(steps=400, batch=1024, num_d_steps=1)
    config.train.update(log_every=50, sample_every=400, checkpoint_every=200)
    config.watch.every = 0  # it looks at samples
    config.sample.columns = 4
    config.evaluate.update(metrics=("returns",), samples=500)
    return config
