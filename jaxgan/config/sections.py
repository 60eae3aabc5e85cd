"""Every field of an experiment: its default, what it means, what it may hold.

Defaults are BigGAN's (arXiv 1809.11096) where the paper states them. The sections `model` and
`objective` are those of modules that a config names (defaults.py). A field that may change over
time takes a schedule in place of its number (game/schedules.py).
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

SEED = within(0, 2**32 - 1)
LONGEST = 12**-0.5  # relative length of an average of all steps alike: game/averaging.py


def over_time(default: float | str | None, doc: str, rule: Rule, ends: Rule | None = None) -> Field:
    """Return a field that takes a number or a schedule; ends: the rule of a schedule's values."""
    return Field(default, doc, scheduled(rule, ends), Scheduled)


def _player(learning_rate: float, orthogonal: float) -> dict[str, Field]:
    return {
        "learning_rate": over_time(learning_rate, "of Adam", above(0), ends=at_least(0)),
        "orthogonal": Field(
            orthogonal,
            "weight of orthogonal regularisation (arXiv 1809.11096, eq. 3): the gradient of the "
            "stated penalty, so the 1e-4 of the authors' PyTorch code is 5e-5 here; 0: none",
            at_least(0),
        ),
        "b1": Field(0.0, "decay of Adam's first moment; 0: not kept", below_one()),
        "b2": over_time(0.999, "decay of Adam's second moment", below_one()),
        "eps": Field(1e-8, "of Adam, added to the root of the second moment", at_least(0)),
        "spectral_norm": Field(True, "divide each kernel by its norm (arXiv 1802.05957)"),
        "spectral_norm_eps": Field(1e-4, "added to the norm of spectral norm", at_least(0)),
        "clip_weights": Field(
            0.0, "bound of every weight; 0.01 in Wasserstein GAN (1701.07875); 0: none", at_least(0)
        ),
        "equalized": Field(
            False, "equalised learning rate, for kernels drawn from N(0, 1) (arXiv 1710.10196)"
        ),
        "weight_norm": Field(
            False, "kernels as a length times a direction (1602.07868), of a model with gains"
        ),
        "freeze": Field((), "paths of parameters that are not trained (FreezeD, 2002.10964)"),
    }


_GENERATOR = _player(5e-5, 1e-4)

SECTIONS: dict[str, Any] = {
    "seed": Field(0, "of the first networks, the latents and the order of the data", SEED),
    "data": {
        "name": Field("fashion_mnist", "embedded, or a directory made by `jaxgan prepare`"),
        "split": Field("train", "trained on; a part is written train[:90%]"),
        "held_out": Field("", "a split that is not trained on, such as train[95%:]; empty: none"),
        "size": Field(
            (32, 32),
            "height and width in pixels that images are brought to; samples of waves",
            SIZE,
        ),
        "medium": Field(
            "images", "what an example is: a module of media/, or package.module of your own"
        ),
        "channels": Field(None, "filled in from the data set", at_least(1), int),
        "source_channels": Field(
            None,
            "of pairs: channels of the source, the first ones; filled in from a data set of "
            "`jaxgan prepare --pairs`",
            at_least(1),
            int,
        ),
        "scale": Field(
            4, "of low_resolution: how much smaller the sources are: 2, 4 or 8", at_least(2)
        ),
        "map_classes": Field(
            None,
            "of label maps; filled in from a data set of `jaxgan prepare --maps`",
            at_least(1),
            int,
        ),
        "context": Field(
            4, "of next_frames: frames of a clip that are given, the first ones", at_least(1)
        ),
        "text_dim": Field(
            None,
            "of images with captions: length of a text vector; filled in from a data set of "
            "`jaxgan prepare --captions`",
            at_least(1),
            int,
        ),
        "bits": Field(None, "of a stored value; filled in from the data set", one_of(8, 16), int),
        "rate": Field(
            None, "of waves: samples a second; filled in from the data set", at_least(1), int
        ),
        "hop": Field(
            256, "of mels: samples from one frame to the next; the window is four", at_least(2)
        ),
        "mel_bins": Field(80, "of mels: bins of frequency, up to half the rate", at_least(1)),
        "floor": Field(
            1e-6, "of log_spectrograms: is added to magnitudes; what is softer is silence", above(0)
        ),
        "class_names": Field(None, "filled in from the data set", texts(), tuple),
        "categories": Field(
            0, "above 0: as many in place of the classes, found without labels", at_least(0)
        ),
        "flip": Field(False, "mirror half of the images, at random"),
        "random_crop": Field(
            1.0, "least share of the area that is cut out at random; 1: whole images", share()
        ),
        "class_balanced": Field(False, "draw every class equally often"),
        "on_bad_record": Field(
            "stop", "skip: unreadable records are counted and logged", one_of("stop", "skip")
        ),
    },
    "model": {},
    "objective": {},
    "condition": Field(
        "prior",
        "of generated examples: drawn from the prior, or of the real example beside each",
        one_of("prior", "data"),
    ),
    "prior": Field(
        "normal", "what latents are drawn from, in each dimension", one_of("normal", "uniform")
    ),
    "latent_step": {
        "name": Field(
            "none",
            "optimise latents before they are used (LOGAN, arXiv 1912.00953)",
            one_of("none", "gradient", "natural_gradient"),
        ),
        "alpha": Field(0.9, "length of the step", above(0)),
        "beta": Field(5.0, "damping of natural_gradient", above(0)),
        "steps": Field(1, "number of steps", at_least(1)),
        "fraction": Field(0.5, "share of a latent's dimensions that is optimised", share()),
        "subset": Field("fixed", "the first dimensions, or drawn anew", one_of("fixed", "random")),
        "clip": Field(
            "none", "of the latents afterwards; unit: to [-1, 1]", one_of("none", "unit")
        ),
        "cost": Field(300.0, "weight of the squared change in the losses", at_least(0)),
        "cost_players": Field(
            "generator", "whose losses the cost joins", one_of("generator", "both")
        ),
    },
    "terms": Field(
        (),
        "modules of your own, package.module, whose terms() are added to the players' losses",
        texts(),
    ),
    "penalty": {
        "name": Field("none", "of the discriminator's gradient: game/terms/penalties.py"),
        "weight": over_time(0.0, "0: none", at_least(0)),
        "every": Field(
            1, "lazy (arXiv 1912.04958): taken every so many steps, so much heavier", at_least(1)
        ),
        "corrects_adam": Field(
            False, "of lazy terms: rate and decays of Adam for k + 1 turns in k (its appendix B)"
        ),
    },
    "consistency": {
        "real": over_time(0.0, "weight on real images; CR (1910.12027) and bCR: 10", at_least(0)),
        "fake": over_time(0.0, "weight on generated images; bCR (2002.04724): 10", at_least(0)),
        "latents": over_time(0.0, "weight on nearby latents; zCR (2002.04724): 5", at_least(0)),
        "spread": over_time(0.0, "the generator's weight; zCR: 0.5", at_least(0)),
        "noise": Field(0.03, "standard deviation between nearby latents", at_least(0)),
    },
    "lecam": {
        "weight": over_time(0.0, "of the regularisation of arXiv 2104.03310; 0: none", at_least(0)),
        "decay": Field(0.99, "of the averages of the logits, per step", below_one()),
    },
    "path_length": {
        "weight": over_time(
            0.0, "of a StyleGAN's path length (1912.04958), lazy with the penalty", at_least(0)
        ),
        "decay": Field(0.99, "of the average length, per step", below_one()),
    },
    "augmentation": {
        "name": Field(
            "none",
            "what the discriminator sees images through (arXiv 2006.10738, 2006.06676, 1610.04490)",
            one_of("none", "diff_augment", "ada", "instance_noise"),
        ),
        "policy": Field(
            ("color", "translation", "cutout"),
            "parts of diff_augment",
            texts("color", "translation", "cutout"),
        ),
        "target": Field(0.6, "of ada: the mean sign of real logits that p follows", within(-1, 1)),
        "images": Field(500_000.0, "from p = 0 to 1 in ada, at the fastest", above(0)),
        "probability": over_time(None, "p of ada; None: p follows the target", within(0, 1)),
        "color": Field(1.0, "of ada: colours change with p times this", within(0, 1)),
        "cutout": Field(False, "of ada: gray out a box too"),
        "std": over_time(
            "linear(0.1, 0, images=5e5)", "of instance_noise; images are in [-1, 1]", at_least(0)
        ),
    },
    "generator": {
        "learning_rate": _GENERATOR["learning_rate"],
        "encoder_learning_rate": over_time(
            0.0, "of an encoder that is optimised with the generator; 0: the same", at_least(0)
        ),
        **_GENERATOR,
    },
    "discriminator": _player(2e-4, 0.0),
    "growth": {
        "stage_images": Field(
            0.0, "real images at each stage of models/progan.py; 0: all at once", at_least(0)
        ),
    },
    "average": {
        "decay": Field(0.9999, "of the generator's average, per step", below_one()),
        "half_life": over_time(
            0.0,
            "images after which half of the average is newer, in place of decay; 0: that",
            at_least(0),
        ),
        "start_step": Field(0, "step before which the average is a copy", at_least(0)),
        "warm_up": Field(False, "a shorter average at first: about the newest tenth of the steps"),
        "lengths": Field(
            (),
            "of power-function averages (2312.02696), such as (0.05, 0.1), of which every "
            "checkpoint leaves a snapshot: any sample.length can be had of them",
            numbers(0, LONGEST),
        ),
    },
    "train": {
        "steps": Field(100_000, "generator steps", at_least(1)),
        "start_from": Field("", "a work directory, whose networks this run fine-tunes"),
        "start_part": Field(
            "", "of the generator: the part that start_from's generator becomes; all else is new"
        ),
        "batch": Field(
            2048, "images in one discriminator step, over all microbatches", at_least(1)
        ),
        "num_d_steps": Field(2, "discriminator steps before each generator step", at_least(1)),
        "fresh_batches": Field(False, "the generator's step has real examples of its own too"),
        "microbatches": Field(1, "parts of a batch whose gradients are summed", at_least(1)),
        "deterministic": Field(
            False,
            "on GPUs: leave out what does not repeat bit for bit, choose no form by timing; CPUs "
            "and TPUs repeat bit for bit as they are",
        ),
        "log_every": Field(100, "steps", at_least(1)),
        "sample_every": Field(1000, "steps", at_least(1)),
        "checkpoint_every": Field(1000, "steps", at_least(1)),
        "keep_checkpoints": Field(3, "the newest", at_least(1)),
        "keep_every": Field(0, "also keep steps that this divides; 0: none", at_least(0)),
        "best_metric": Field("", "and the best by this one, such as watch/diversity"),
        "best": Field("highest", "of best_metric", one_of("highest", "lowest")),
        "wandb": Field("", "a project of Weights & Biases that gets the numbers too"),
        "trackio": Field("", "a project of Trackio, likewise"),
        "mlflow": Field("", "an experiment of MLflow, likewise"),
    },
    "in_images": {
        "train": Field(
            0, "real images to train for, in place of train.steps; 0: that", at_least(0)
        ),
        "log": Field(0, "real images, in place of train.log_every; 0: that", at_least(0)),
        "sample": Field(0, "real images, in place of train.sample_every; 0: that", at_least(0)),
        "checkpoint": Field(
            0, "real images, in place of train.checkpoint_every; 0: that", at_least(0)
        ),
        "watch": Field(0, "real images, in place of watch.every; 0: that", at_least(0)),
    },
    "on_non_finite": {
        "policy": Field(
            "stop",
            "at a value that is not finite; roll_back: to the newest checkpoint, another seed",
            one_of("stop", "roll_back"),
        ),
        "most": Field(3, "roll-backs", at_least(0)),
    },
    "watch": {
        "every": Field(1000, "steps between looks for a collapse; 0: never", at_least(0)),
        "images": Field(16, "of each class, or more to divide among devices", at_least(1)),
        "classes": Field(10, "looked at, at most", at_least(1)),
        "patience": Field(2, "looks in a row that show a sign", at_least(1)),
        "policy": Field(
            "warn",
            "on a collapse; roll_back: to the best, else newest, checkpoint before its first sign",
            one_of("warn", "roll_back"),
        ),
        "most": Field(3, "roll-backs", at_least(0)),
    },
    "sample": {
        "columns": Field(10, "of a sheet", within(1, 1000)),
        "standing_batches": Field(
            100, "whose mean gives batch norm's statistics for sampling", at_least(1)
        ),
        "standing_batch": Field(256, "images in each of these", at_least(1)),
        "truncation": Field(0.0, "of the latents, unless a command asks; 0: none", at_least(0)),
        "truncation_definition": Field(
            "threshold",
            "what a truncation is: trained/truncations.py",
            one_of("threshold", "scaled", "variance"),
        ),
        "step": Field(0, "of the checkpoint that is sampled or scored; 0: the newest", at_least(0)),
        "weights": Field("average", "of the generator, or raw", one_of("average", "raw")),
        "length": Field(
            0.0,
            "relative length of the average, of a run with average.lengths; 0: the run's own",
            within(0, LONGEST),
        ),
    },
    "evaluate": {
        "samples": Field(10_000, "images that are scored; 0: all of a folder", at_least(0)),
        "batch": Field(100, "images that go through the extractor at once", at_least(1)),
        "metrics": Field(
            ("fd", "kd", "is", "precision_recall"),
            "and fd_infinity, mind, cmmd, fd_per_class, accuracy_score, copies, recognition, "
            "interpolation, probe; paired, luma, retrieval, of a run that translates; "
            "segmentation, of label maps; tunes, of events; target_accuracy, of a classifier that "
            "is adapted; returns, of a policy; vocoded, of a vocoder",
            texts(),
        ),
        "extractor": Field(
            "lite0", "or lite0_128, inception, dinov2, clip, a network: evaluate/extractors"
        ),
        "weights_file": Field("", "of the extractor, where it needs one"),
        "reference": Field("", "another data set than data.name, or a folder of images"),
        "reference_samples": Field(
            0, "so many images of the reference, a fair draw; 0: all", at_least(0)
        ),
        "split": Field("", "of the reference; empty: data.split"),
        "test_split": Field("", "that classifiers are tested on; empty: a tenth of the reference"),
        "bootstrap_rounds": Field(
            0, "error bars of distances, precision, recall from so many resamples", at_least(0)
        ),
        "seed": Field(0, "of the samples", SEED),
    },
    "mesh": {"fsdp": Field(1, "devices that parameters are split over", at_least(1))},
}

# Fields of config.data that only a data set knows; a resolved config has them.
FACTS = (
    *("channels", "source_channels", "map_classes", "text_dim"),
    *("bits", "rate", "class_names"),
)
