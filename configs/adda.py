"""ADDA (arXiv 1702.05464): digits with labels, digits over clutter without; stages 1 and 2.

Data      python tests/data/real_data.py clutter data/clutter
          or two folders of your own: jaxgan prepare digits data/own --domains=photos --channels=3
Command   jaxgan train --config=adda:1 --workdir=runs/source
          jaxgan train --config=adda:2 --workdir=runs/adda
          jaxgan evaluate runs/adda
Network   the paper's LeNet: encoders of 426,070 parameters, classifier 5,010, D 502,002
Hardware  one CPU core, minutes
Measured  docs/domains.md

Stage 1 trains encoder and classifier on the source alone (objective "domains" with weight 0); stage
2 trains the target's encoder against D. Differs from the paper: Adam in both stages, with b1 = 0.5
in the second as in public code; D steps before the encoder; no dropout.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config

STAGES = ("1", "2")


def get_config(stage: str = "1") -> ConfigDict:
    if stage not in STAGES:
        raise ValueError(f"stage {stage!r}: write one of {', '.join(STAGES)}")
    config = default_config(model="adda", objective="domains" if stage == "1" else "adda")
    config.data.update(name="data/clutter/train", medium="adaptation", size=(28, 28))
    config.model.stage = int(stage)
    rate, b1 = (1e-3, 0.9) if stage == "1" else (2e-4, 0.5)
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=rate, b1=b1, orthogonal=0.0, spectral_norm=False)
    if stage == "1":
        config.objective.weight = 0.0  # the source alone
    else:
        config.train.update(start_from="runs/source", start_part="source")
    config.average.decay = 0.0
    config.train.update(steps=1000, batch=64, num_d_steps=1)
    config.train.update(log_every=50, sample_every=1000, checkpoint_every=500)
    config.watch.every = 0  # there are no samples to look at
    config.evaluate.update(metrics=("target_accuracy",), reference="data/clutter/test")
    return config
