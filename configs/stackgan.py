"""StackGAN (arXiv 1612.03242): 64 x 64 from captions, then 256 x 256 from these and the captions.

Data      jaxgan prepare birds data/captions --captions=captions.npz --size=256
          captions.npz: captions, vectors (1,024 numbers in the paper) and files, docs/text.md
Command   jaxgan train --config=stackgan --workdir=runs/stage_1
          jaxgan train --config=stackgan:2 --workdir=runs/stage_2
Network   stage 1: 14,264,192 and 4,029,824 parameters with 1,024 numbers per text, as in the
          authors' code; stage 2: 26,290,080 in addition to stage 1's, and 48,603,520
Hardware  not run here
Expected  inception score 3.70 on CUB, 8.45 on COCO (the paper)

Epochs are counted for 9,000 training images, about as many as in CUB. Differs: random resized crops
instead of shifts; the mean of all captions of an image instead of some drawn ones.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config(stage: str = "1") -> ConfigDict:
    if stage not in ("1", "2"):
        raise ValueError(f"stage {stage!r}: write one of 1, 2")
    config = default_config(model="stackgan", objective="stackgan")
    side, epochs = ((64, 64), 50) if stage == "1" else ((256, 256), 100)
    config.data.update(name="data/captions", medium="captions", size=side)
    config.data.update(flip=True, random_crop=0.7)
    config.data.update(split="train[:90%]", held_out="train[90%:]")
    config.condition = "data"
    for player in (config.generator, config.discriminator):
        player.update(b1=0.5, orthogonal=0.0, spectral_norm=False)
        player.learning_rate = f"halving(2e-4, images={9000 * epochs})"
    config.average.decay = 0.0
    config.train.update(steps=84_000, batch=64, num_d_steps=1)  # 600 epochs
    if stage == "2":
        config.model.update(stage=2, latent_dim=356)
        config.generator.freeze = ("stage_1",)
        config.train.update(start_from="runs/stage_1", start_part="stage_1")
    config.sample.update(standing_batch=64, standing_batches=16)
    config.evaluate.metrics = ("retrieval", "fd")
    return config
