"""GAN-TTS (arXiv 1909.11646): two seconds of speech at 24 kHz, the authors' recipe.

Data      jaxgan prepare words data/words --window=48000 --rate=24000
          one word per file, one sub-folder per word: media/speech.py says what is missing
Command   jaxgan train --config=gantts --workdir=runs/gantts
Network   generator of 25,549,441 parameters with 567 numbers per frame; here there are words + 1
Hardware  a TPU slice; not trained here
Expected  no result of the paper: its speech is generated from linguistic features of sentences

The authors' settings: hinge loss, orthogonal initialisation and regularisation, spectral norm,
batches of 1024, Adam with 5e-5 and 1e-4 and b1 = 0, an average with decay 0.9999, a million steps.
Differs: models/gantts.py, media/speech.py.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="gantts")
    config.data.update(name="data/words", medium="speech", size=(48_000,), rate=24_000, hop=120)
    config.condition = "data"
    config.generator.update(learning_rate=5e-5, b1=0.0, orthogonal=5e-5)
    config.discriminator.update(learning_rate=1e-4, b1=0.0, orthogonal=5e-5)
    config.average.decay = 0.9999
    config.train.update(steps=1_000_000, batch=1024, num_d_steps=1)
    config.train.update(log_every=100, sample_every=5000, checkpoint_every=5000)
    config.watch.every = 5000
    config.evaluate.update(metrics=("recognition",), split="train")
    return config
