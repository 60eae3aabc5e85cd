"""DVD-GAN (arXiv 1907.06571) on Kinetics-600: 12 frames of 128 x 128, or 48 of 64 x 64.

Data      jaxgan prepare films data/kinetics600 --size=128 --frames=12 --stride=2
          with one sub-folder per class
Command   jaxgan train --config=dvdgan --workdir=runs/dvdgan
          jaxgan train --config=dvdgan:48x64 --workdir=runs/dvdgan_48x64
Network   generator of 476,885,187 parameters, discriminator of 134,649,219, with 1,000 classes
Hardware  not trained here; launch/compile_table.md has the step of 12 frames, compiled for 128 TPU
          v5e chips: 10 of 16 GiB each
Expected  the paper's FID and IS (without truncation) from an I3D network, which does not come with
          jaxgan: 2.16 and 55.09; for 48 frames of 64 x 64: 12.92 and 97.62

The paper's settings: hinge loss, spectral norm, orthogonal initialisation, batches of 512, two
steps of D, an average with decay 0.9999 from step 20,000. Learning rates: 1e-4 for G; for D 5e-4,
that of the paper's second version as we remember it (the first has 2e-4). Widths, dtype and the
number of steps are ours.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config

SIZES = {"12x128": (12, 128, 128), "48x64": (48, 64, 64)}


def get_config(size: str = "12x128") -> ConfigDict:
    if size not in SIZES:
        raise ValueError(f"size {size!r}: write one of {', '.join(SIZES)}")
    config = default_config(model="dvdgan")
    config.data.update(name="data/kinetics600", medium="clips", size=SIZES[size])
    config.model.update(dtype="bfloat16", remat=True)
    config.generator.update(learning_rate=1e-4, orthogonal=0.0)
    config.discriminator.learning_rate = 5e-4
    config.average.update(decay=0.9999, start_step=20_000)
    config.train.update(steps=300_000, batch=512, num_d_steps=2)
    config.sample.update(standing_batches=20, standing_batch=64)
    config.watch.update(images=2, classes=8)
    config.evaluate.update(extractor="discriminator", metrics=("fd", "kd", "precision_recall"))
    return config
