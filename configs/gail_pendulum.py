r"""GAIL (arXiv 1606.03476) on a pendulum: 20 pairs of a hand-written expert, in two minutes.

Data      python tests/data/experts.py pendulum experts.npz
          jaxgan prepare experts.npz data/pendulum --environment=pendulum --every=10 \
            --trajectories=1
          jaxgan prepare experts.npz data/pendulum_all --environment=pendulum
Command   jaxgan train --config=gail_pendulum --workdir=runs/gail
          jaxgan evaluate runs/gail --config.evaluate.reference=data/pendulum_all
          jaxgan sample runs/gail
Controls  --config=gail_pendulum:expert_free, a constant reward of 1; `evaluate` also scores a
          behaviour-cloned and a random policy
Hardware  1 CPU core
Expected  docs/imitation.md

Differs from the authors' settings: a pendulum with three torques, layers of 64 units, 64 episodes
per update, one policy gradient step with Adam instead of TRPO, ten times the entropy weight, and a
penalty on the discriminator's gradient between expert and policy pairs (terms/penalties.py),
without which the policy gets worse again after 300 steps: docs/imitation.md.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config

REWARDS = {"softplus": "softplus", "log": "log", "expert_free": "constant"}


def get_config(variant: str = "softplus") -> ConfigDict:
    if variant not in REWARDS:
        raise ValueError(f"variant {variant!r}: write one of {', '.join(REWARDS)}")
    config = default_config(model="policy", objective="gail")
    config.data.update(name="data/pendulum", medium="transitions", size=(1, 1))
    config.condition = "data"
    config.model.update(generator_widths=(64, 64), discriminator_widths=(64, 64))
    config.objective.update(environment="pendulum", rollouts=64, reward=REWARDS[variant])
    config.objective.entropy = 1e-2
    config.penalty.update(name="zero_centred", weight=0.1)
    config.generator.update(learning_rate=3e-3, b1=0.9, orthogonal=0.0, spectral_norm=False)
    config.discriminator.update(learning_rate=1e-3, b1=0.9, spectral_norm=False)
    config.average.decay = 0.0
    config.train.update(steps=800, batch=1024, num_d_steps=1)
    config.train.update(log_every=50, sample_every=800, checkpoint_every=200)
    config.watch.every = 0  # it looks at samples
    config.sample.columns = 4
    config.evaluate.update(metrics=("returns",), samples=500)
    return config
