"""TriVD-GAN (arXiv 2003.04035) on Kinetics-600: 12 frames of 128 x 128, made of noise and a class.

Data      as for dvdgan.py
Command   jaxgan train --config=trivdgan --workdir=runs/trivdgan
Hardware  not trained here
Expected  no published result: the paper predicts frames after five given ones (FVD 25.74 on
          Kinetics-600 at 64 x 64)

dvdgan.py with the paper's recurrent unit, TSRU_s, and its heads: D_S sees frames at half
resolution, D_T crops of half the height and width at full resolution. Everything else is as in
dvdgan.py.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="dvdgan")
    config.data.update(name="data/kinetics600", medium="clips", size=(12, 128, 128))
    config.model.update(unit="tsru_s", heads="trivd", dtype="bfloat16", remat=True)
    config.generator.update(learning_rate=1e-4, orthogonal=0.0)
    config.discriminator.learning_rate = 5e-4
    config.average.update(decay=0.9999, start_step=20_000)
    config.train.update(steps=300_000, batch=512, num_d_steps=2)
    config.sample.update(standing_batches=20, standing_batch=64)
    config.watch.update(images=2, classes=8)
    config.evaluate.update(extractor="discriminator", metrics=("fd", "kd", "precision_recall"))
    return config
