"""Every field of an experiment: its default, its meaning, and the values it takes.

Defaults are BigGAN's (arXiv 1809.11096) where the paper states them. The sections `model` and
`objective` come from the modules that a config names (defaults.py), and those of a run around its
game from run_sections.py. A field that may change over time takes a number or a schedule
(game/schedules.py).
"""

from typing import Any

from jaxgan.config.field import (
    SIZE,
    Field,
    Rule,
    Scheduled,
    above,
    at_least,
    below_one,
    numbers,
    one_of,
    scheduled,
    share,
    texts,
    within,
)
from jaxgan.config.run_sections import LONGEST, RUN, SEED


def over_time(default: float | str | None, doc: str, rule: Rule, ends: Rule | None = None) -> Field:
    """Return a field that takes a number or a schedule. ends: the rule for its two ends."""
    return Field(default, doc, scheduled(rule, ends), Scheduled)


def _player(learning_rate: float, orthogonal: float) -> dict[str, Field]:
    return {
        "learning_rate": over_time(
            learning_rate, "learning rate of Adam", above(0), ends=at_least(0)
        ),
        "orthogonal": Field(
            orthogonal,
            "weight of orthogonal regularisation (arXiv 1809.11096, eq. 3): the gradient of the "
            "stated penalty, so the 1e-4 of the authors' PyTorch code is 5e-5 here; 0: none",
            at_least(0),
        ),
        "b1": Field(0.0, "decay of Adam's first moment; 0: not kept", below_one()),
        "b2": over_time(0.999, "decay of Adam's second moment", below_one()),
        "eps": Field(1e-8, "of Adam: added to the square root of the second moment", above(0)),
        "spectral_norm": Field(True, "divide each kernel by its spectral norm (arXiv 1802.05957)"),
        "spectral_norm_eps": Field(
            1e-4, "kernels whose spectral norm is not above it stay as they are", at_least(0)
        ),
        "clip_weights": Field(
            0.0,
            "clip every weight to +- this; 0.01 in Wasserstein GAN (1701.07875); 0: no clipping",
            at_least(0),
        ),
        "equalized": Field(
            False, "equalised learning rate, for kernels drawn from N(0, 1) (arXiv 1710.10196)"
        ),
        "weight_norm": Field(
            False,
            "weight normalisation: a kernel is a length times a direction (1602.07868); for "
            "a model with gains",
        ),
        "freeze": Field(
            (), "paths of parameters that are not trained (FreezeD, 2002.10964)", texts()
        ),
    }


_GENERATOR = _player(5e-5, 1e-4)

SECTIONS: dict[str, Any] = {
    "seed": Field(
        0, "random seed of the initial networks, the latents and the order of the data", SEED
    ),
    "data": {
        "name": Field(
            "fashion_mnist",
            "a data set that comes with jaxgan, or a directory made by `jaxgan prepare`",
        ),
        "split": Field("train", "the split to train on; a part of one is written train[:90%]"),
        "held_out": Field(
            "", "a split that is kept out of training, such as train[95%:]; empty: none"
        ),
        "size": Field(
            (32, 32),
            "height and width in pixels that images are resized to; for waves the number of "
            "samples",
            SIZE,
        ),
        "medium": Field(
            "images", "the kind of example: a module of media/, or package.module of your own"
        ),
        "channels": Field(
            None, "channels of an example; filled in from the data set", at_least(1), int
        ),
        "source_channels": Field(
            None,
            "for pairs: how many channels, the first ones, are the source; filled in from a "
            "data set of `jaxgan prepare --pairs`",
            at_least(1),
            int,
        ),
        "scale": Field(
            4,
            "for low_resolution: the factor by which the sources are smaller, 2, 4 or 8",
            at_least(2),
        ),
        "map_classes": Field(
            None,
            "for label maps: number of classes; filled in from a data set of `jaxgan "
            "prepare --maps`",
            at_least(1),
            int,
        ),
        "context": Field(
            4, "for next_frames: how many frames of a clip, the first ones, are given", at_least(1)
        ),
        "text_dim": Field(
            None,
            "for images with captions: length of a text vector; filled in from a data set "
            "of `jaxgan prepare --captions`",
            at_least(1),
            int,
        ),
        "bits": Field(
            None, "bits of a stored value; filled in from the data set", one_of(8, 16), int
        ),
        "rate": Field(
            None, "for waves: samples per second; filled in from the data set", at_least(1), int
        ),
        "stride": Field(
            1,
            "for clips: distance of two frames in their film; filled in from the data set",
            at_least(1),
        ),
        "hop": Field(
            256,
            "for mels: samples from one frame to the next; a window is four times as long",
            at_least(2),
        ),
        "mel_bins": Field(
            80, "for mels: number of frequency bins, up to half the rate", at_least(1)
        ),
        "floor": Field(
            1e-6,
            "for log_spectrograms: added to magnitudes; softer sounds count as silence",
            above(0),
        ),
        "class_names": Field(
            None, "names of the classes; filled in from the data set", texts(), tuple
        ),
        "categories": Field(
            0,
            "if above 0: this many categories, found without labels, replace the classes",
            at_least(0),
        ),
        "flip": Field(False, "mirror images at random, each with probability 1/2"),
        "random_crop": Field(
            1.0, "smallest share of the area that a random crop keeps; 1: whole images", share()
        ),
        "class_balanced": Field(False, "draw every class equally often"),
        "on_bad_record": Field(
            "stop",
            "at an unreadable record; skip: leave it out, count it and log it",
            one_of("stop", "skip"),
        ),
    },
    "model": {},
    "objective": {},
    "condition": Field(
        "prior",
        "the condition of a generated example: drawn from the prior, or taken from the "
        "real example beside it",
        one_of("prior", "data"),
    ),
    "prior": Field(
        "normal", "the distribution of each dimension of a latent", one_of("normal", "uniform")
    ),
    "latent_step": {
        "name": Field(
            "none",
            "optimise latents before they are used (LOGAN, arXiv 1912.00953)",
            one_of("none", "gradient", "natural_gradient"),
        ),
        "alpha": Field(0.9, "size of the step", above(0)),
        "beta": Field(5.0, "damping of natural_gradient", above(0)),
        "steps": Field(1, "number of steps", at_least(1)),
        "fraction": Field(0.5, "share of a latent's dimensions that is optimised", share()),
        "subset": Field(
            "fixed",
            "the dimensions that are optimised: the first ones, or a random choice for each "
            "example",
            one_of("fixed", "random"),
        ),
        "clip": Field(
            "none",
            "clipping of the latents after the step; unit: to [-1, 1]",
            one_of("none", "unit"),
        ),
        "cost": Field(
            300.0, "weight, in the losses, of the squared change of the latents", at_least(0)
        ),
        "cost_players": Field(
            "generator", "the players whose losses include the cost", one_of("generator", "both")
        ),
    },
    "terms": Field(
        (),
        "modules of your own, package.module, whose terms() are added to the players' losses",
        texts(),
    ),
    "penalty": {
        "name": Field(
            "none", "penalty on the discriminator's gradient; see game/terms/penalties.py"
        ),
        "weight": over_time(0.0, "weight of the penalty; 0: none", at_least(0)),
        "every": Field(
            1,
            "lazy regularisation (arXiv 1912.04958): taken once in this many steps, with a "
            "weight as many times larger",
            at_least(1),
        ),
        "corrects_adam": Field(
            False,
            "with lazy terms: correct Adam's rate and decays for k + 1 turns in k steps "
            "(appendix B of that paper)",
        ),
    },
    "consistency": {
        "real": over_time(0.0, "weight on real images; CR (1910.12027) and bCR: 10", at_least(0)),
        "fake": over_time(0.0, "weight on generated images; bCR (2002.04724): 10", at_least(0)),
        "latents": over_time(0.0, "weight on nearby latents; zCR (2002.04724): 5", at_least(0)),
        "spread": over_time(
            0.0,
            "weight in the generator's loss of how far images of nearby latents are apart; "
            "zCR: 0.5",
            at_least(0),
        ),
        "noise": Field(0.03, "standard deviation of the difference of nearby latents", at_least(0)),
    },
    "lecam": {
        "weight": over_time(
            0.0, "weight of LeCam regularisation (arXiv 2104.03310); 0: none", at_least(0)
        ),
        "decay": Field(
            0.99,
            "decay of the moving averages of the logits, per step of the discriminator",
            below_one(),
        ),
    },
    "path_length": {
        "weight": over_time(
            0.0,
            "weight of StyleGAN's path length regularisation (1912.04958), as lazy as the "
            "penalty; 0: none",
            at_least(0),
        ),
        "decay": Field(
            0.99,
            "decay of the moving average of the length, per step that has the term",
            below_one(),
        ),
    },
    "augmentation": {
        "name": Field(
            "none",
            "augmentation of all images that the discriminator sees (arXiv 2006.10738, "
            "2006.06676, 1610.04490)",
            one_of("none", "diff_augment", "ada", "instance_noise"),
        ),
        "policy": Field(
            ("color", "translation", "cutout"),
            "the parts of diff_augment",
            texts("color", "translation", "cutout"),
        ),
        "target": Field(
            0.6,
            "for ada: p is adjusted until the mean sign of the real logits is this",
            within(-1, 1),
        ),
        "images": Field(
            500_000.0, "for ada: images in which p goes from 0 to 1, at the fastest", above(0)
        ),
        "probability": over_time(None, "for ada: p; None: p follows the target", within(0, 1)),
        "color": Field(
            1.0, "for ada: colours are changed with probability p times this", within(0, 1)
        ),
        "cutout": Field(False, "for ada: gray out a box too"),
        "std": over_time(
            "linear(0.1, 0, images=5e5)",
            "for instance_noise: standard deviation; images are in [-1, 1]",
            at_least(0),
        ),
    },
    "generator": {
        "learning_rate": _GENERATOR["learning_rate"],
        "encoder_learning_rate": over_time(
            0.0,
            "learning rate of an encoder that is optimised with the generator; 0: the generator's",
            at_least(0),
        ),
        **_GENERATOR,
    },
    "discriminator": _player(2e-4, 0.0),
    "growth": {
        "stage_images": Field(
            0.0,
            "real images per stage of models/progan.py; 0: the whole network from the start",
            at_least(0),
        ),
    },
    "average": {
        "decay": Field(0.9999, "decay per step of the generator's moving average", below_one()),
        "half_life": over_time(
            0.0,
            "half-life of the average in images, in place of average.decay; 0: use that",
            at_least(0),
        ),
        "start_step": Field(
            0, "step before which the average is a copy of the generator", at_least(0)
        ),
        "warm_up": Field(
            False, "at first a shorter average, of about the newest tenth of the steps"
        ),
        "lengths": Field(
            (),
            "relative lengths of power-function averages (2312.02696), such as (0.05, 0.1); "
            "every checkpoint leaves a snapshot of them, from which any sample.length can "
            "be made",
            numbers(0, LONGEST),
        ),
    },
    **RUN,
}

# Fields of config.data that only the data set can fill in; a resolved config has them.
FACTS = (
    *("channels", "source_channels", "map_classes", "text_dim"),
    *("bits", "rate", "stride", "class_names"),
)
