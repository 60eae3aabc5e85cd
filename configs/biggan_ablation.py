"""The ablation of BigGAN at 128 x 128 pixels, a variant for each row of table 1 (1809.11096).

Command   jaxgan train --config=configs/biggan_ablation.py:batch512 --workdir=runs/batch512
Data      jaxgan prepare IMAGENET/train data/imagenet128 --size=128

variant     batch  width  shared  split  orthogonal   parameters    steps    FID     IS
batch256      256     64                               81,465,670  1,000k  18.65   52.52
batch512      512     64                               81,465,670  1,000k  15.30   58.77
batch1024    1024     64                               81,465,670  1,000k  14.88   63.03
batch2048    2048     64                               81,465,670    732k  12.39   76.85
width96      2048     96                              173,538,534    295k   9.54   92.98
shared       2048     96     x                        160,578,278    185k   9.18   94.94
split        2048     96     x       x                158,416,358    152k   8.73   98.76
orthogonal   2048     96     x       x        x       158,416,358    165k   8.51   99.31
width64      2048     64     x       x        x        71,426,886    371k  10.48   86.90

Parameters are those of both networks, counted; the paper has 81.5M, 173.5M, 160.6M, 158.3M, 71.3M
(the last two without the shared embedding's 128,000). FID, IS and steps are the paper's; only the
scores of the first row could be checked. That row is SAGAN as published, whose training differed in
more than the table says (learning rates 1e-4 / 4e-4, one discriminator step). Everything else is as
in biggan_imagenet128.py.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config

PER_CLASS = {"latent_dim": 128, "shared_embedding": False, "split_latents": False}
SHARED = {"latent_dim": 120, "shared_embedding": True, "split_latents": False}
SPLIT = {"latent_dim": 120, "shared_embedding": True, "split_latents": True}
# Variant -> batch, width, orthogonal regularisation, steps, fields of the model.
VARIANTS = {
    "batch256": (256, 64, 0.0, 1_000_000, PER_CLASS),
    "batch512": (512, 64, 0.0, 1_000_000, PER_CLASS),
    "batch1024": (1024, 64, 0.0, 1_000_000, PER_CLASS),
    "batch2048": (2048, 64, 0.0, 732_000, PER_CLASS),
    "width96": (2048, 96, 0.0, 295_000, PER_CLASS),
    "shared": (2048, 96, 0.0, 185_000, SHARED),
    "split": (2048, 96, 0.0, 152_000, SPLIT),
    "orthogonal": (2048, 96, 1e-4, 165_000, SPLIT),
    "width64": (2048, 64, 1e-4, 371_000, SPLIT),
}


def get_config(variant: str = "orthogonal") -> ConfigDict:
    if variant not in VARIANTS:
        raise ValueError(f"variant {variant!r}: write one of {', '.join(VARIANTS)}")
    batch, width, orthogonal, steps, model = VARIANTS[variant]
    config = default_config()
    config.data.update(name="data/imagenet128", size=(128, 128))
    config.model.update(width=width, dtype="bfloat16", **model)
    config.generator.update(learning_rate=5e-5, orthogonal=orthogonal)
    config.discriminator.learning_rate = 2e-4
    config.average.update(decay=0.9999, start_step=20_000)
    config.train.update(steps=steps, batch=batch, num_d_steps=2)
    return config
