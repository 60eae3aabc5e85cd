"""The fields of a run around its game: how long and where it trains, what it looks at and keeps.

They are sections of every config (sections.py).
"""

from typing import Any

from jaxgan.config.field import (
    Field,
    at_least,
    one_of,
    texts,
    within,
)

SEED = within(0, 2**32 - 1)
LONGEST = 12**-0.5  # relative length of an unweighted average of all steps: game/averaging.py

RUN: dict[str, Any] = {
    "train": {
        "steps": Field(100_000, "generator steps", at_least(1)),
        "start_from": Field(
            "", "work directory of the run whose networks this one fine-tunes; empty: none"
        ),
        "start_part": Field(
            "", "the part of the generator that start_from's generator becomes; all else is new"
        ),
        "batch": Field(
            2048, "images in one discriminator step, over all microbatches", at_least(1)
        ),
        "num_d_steps": Field(2, "discriminator steps before each generator step", at_least(1)),
        "fresh_batches": Field(False, "the generator's step gets its own real examples too"),
        "microbatches": Field(
            1,
            "parts that a batch is split into; their gradients are averaged",
            at_least(1),
        ),
        "deterministic": Field(
            False,
            "on GPUs: use no operation that does not repeat bit for bit, and choose no "
            "kernel by timing; CPUs and TPUs repeat bit for bit anyway",
        ),
        "log_every": Field(100, "steps between lines of the log", at_least(1)),
        "sample_every": Field(1000, "steps between sample sheets", at_least(1)),
        "checkpoint_every": Field(1000, "steps between checkpoints", at_least(1)),
        "keep_checkpoints": Field(3, "number of checkpoints to keep, the newest ones", at_least(1)),
        "keep_every": Field(
            0, "also keep checkpoints whose step is a multiple of this; 0: none", at_least(0)
        ),
        "best_metric": Field(
            "", "also keep the checkpoint that is best by this number, such as watch/diversity"
        ),
        "best": Field(
            "highest", "which value of best_metric is the best", one_of("highest", "lowest")
        ),
        "wandb": Field("", "Weights & Biases project that also gets the numbers; empty: none"),
        "trackio": Field("", "Trackio project that also gets the numbers; empty: none"),
        "mlflow": Field("", "MLflow experiment that also gets the numbers; empty: none"),
    },
    "in_images": {
        "train": Field(
            0, "real images to train for, in place of train.steps; 0: use that", at_least(0)
        ),
        "log": Field(
            0,
            "real images between lines of the log, in place of train.log_every; 0: use that",
            at_least(0),
        ),
        "sample": Field(
            0,
            "real images between sample sheets, in place of train.sample_every; 0: use that",
            at_least(0),
        ),
        "checkpoint": Field(
            0,
            "real images between checkpoints, in place of train.checkpoint_every; 0: use that",
            at_least(0),
        ),
        "watch": Field(
            0,
            "real images between looks for a collapse, in place of watch.every; 0: use that",
            at_least(0),
        ),
    },
    "on_non_finite": {
        "policy": Field(
            "stop",
            "at a value that is not finite; roll_back: return to the newest checkpoint, "
            "with another seed",
            one_of("stop", "roll_back"),
        ),
        "most": Field(3, "largest number of roll-backs", at_least(0)),
    },
    "watch": {
        "every": Field(1000, "steps between looks for a collapse; 0: never", at_least(0)),
        "images": Field(
            16, "samples of each class, or a few more to divide among the devices", at_least(1)
        ),
        "classes": Field(10, "largest number of classes that are looked at", at_least(1)),
        "patience": Field(
            2, "number of looks in a row that must show a sign before it counts", at_least(1)
        ),
        "policy": Field(
            "warn",
            "at a collapse; roll_back: return to the best, else the newest, checkpoint "
            "before its first sign",
            one_of("warn", "roll_back"),
        ),
        "most": Field(3, "largest number of roll-backs", at_least(0)),
    },
    "sample": {
        "columns": Field(10, "columns of a sheet", within(1, 1000)),
        "standing_batches": Field(
            100, "number of batches whose mean statistics batch norm uses for sampling", at_least(1)
        ),
        "standing_batch": Field(256, "images in each of these batches", at_least(1)),
        "truncation": Field(
            0.0, "truncation of the latents, unless a command names another; 0: none", at_least(0)
        ),
        "truncation_definition": Field(
            "threshold",
            "what a truncation means; see trained/truncations.py",
            one_of("threshold", "scaled", "variance"),
        ),
        "step": Field(0, "step of the checkpoint to sample or score; 0: the newest", at_least(0)),
        "weights": Field(
            "average",
            "the generator's weights: averaged over training, or raw",
            one_of("average", "raw"),
        ),
        "length": Field(
            0.0,
            "relative length of the average, for a run with average.lengths; 0: the run's "
            "usual average",
            within(0, LONGEST),
        ),
    },
    "evaluate": {
        "samples": Field(
            10_000, "number of images to score; 0: all images of a folder", at_least(0)
        ),
        "batch": Field(100, "images per pass through the extractor", at_least(1)),
        "metrics": Field(
            ("fd", "kd", "is", "precision_recall"),
            "what is measured; others are fd_infinity, mind, cmmd, fd_per_class, "
            "accuracy_score, copies, recognition, interpolation, probe; for a run that "
            "translates paired, luma, retrieval; for label maps segmentation; for events "
            "tunes; for a classifier that is adapted target_accuracy; for a policy returns; "
            "for a vocoder vocoded",
            texts(),
        ),
        "extractor": Field(
            "lite0",
            "network that computes features; others are lite0_128, inception, dinov2, clip; "
            "see evaluate/extractors",
        ),
        "weights_file": Field("", "weights file of the extractor, if it needs one"),
        "reference": Field("", "data set or folder of images to compare with; empty: data.name"),
        "reference_samples": Field(
            0, "number of images drawn from the reference, at random; 0: all", at_least(0)
        ),
        "split": Field("", "split of the reference; empty: data.split"),
        "test_split": Field(
            "", "split that classifiers are tested on; empty: a tenth of the reference"
        ),
        "bootstrap_rounds": Field(
            0,
            "number of resamples for error bars of distances, precision and recall; 0: no "
            "error bars",
            at_least(0),
        ),
        "seed": Field(0, "random seed of the samples", SEED),
    },
    "mesh": {"fsdp": Field(1, "number of devices that parameters are sharded over", at_least(1))},
}
