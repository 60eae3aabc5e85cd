"""Every field of an experiment, with its default.

`config.model.name` and `config.objective.name` are module names in models/ and game/objectives/,
whose `default_config()` are the sections `model` and `objective`.
"""

import importlib
import pkgutil
from types import ModuleType

from ml_collections import ConfigDict
from ml_collections.config_dict import placeholder

from jaxgan import models
from jaxgan.game import objectives
from jaxgan.game.terms import compose


def default_config(model: str = "biggan", objective: str = "adversarial") -> ConfigDict:
    """Return every field with its default: the paper's (BigGAN, arXiv 1809.11096) where it says.

    Experiments in configs/ change some of them; fields that are not here are refused.
    """
    player = {"b1": 0.0, "b2": 0.999, "eps": 1e-8, "spectral_norm": True, "spectral_norm_eps": 1e-4}
    player["clip_weights"] = 0.0  # Wasserstein GAN's 0.01 (arXiv 1701.07875); 0: none
    player["equalized"] = False  # equalised rate, for networks whose kernels are from N(0, 1)
    player["freeze"] = ()  # FreezeD (arXiv 2002.10964): paths of parameters that stay as they are
    return ConfigDict(
        {
            "seed": 0,
            "data": {
                "name": "fashion_mnist",  # embedded, or a directory made by `jaxgan prepare`
                "split": "train",
                "held_out": "",  # a split that is not trained on, such as "train[95%:]"
                "size": (32, 32),  # height, width
                "channels": placeholder(int),  # filled in from the data set
                "class_names": placeholder(tuple),  # likewise
                "categories": 0,  # above 0: as many in place of the classes, found without labels
                "flip": False,
                "random_crop": 1.0,  # least share of the area that is cut out; 1: whole images
                "class_balanced": False,
                "on_bad_record": "stop",  # or "skip": counted and logged
            },
            "model": module_named(models, "model", model).default_config(),
            "objective": module_named(objectives, "objective", objective).default_config(),
            "prior": "normal",  # or "uniform"
            # LOGAN's values (arXiv 1912.00953), in use with the name "gradient" or
            # "natural_gradient"; the fields are explained in latent_steps.py.
            "latent_step": {
                "name": "none",
                "alpha": 0.9,
                "beta": 5.0,
                "steps": 1,
                "fraction": 0.5,
                "subset": "fixed",
                "clip": "none",
                "cost": 300.0,
                "cost_players": "generator",
            },
            **compose.default_fields(),
            # The gradient of the stated penalty; the authors' PyTorch 1e-4 is 5e-5 here.
            # An encoder that is optimised with the generator can have a rate of its own.
            "generator": {
                "learning_rate": 5e-5,
                "encoder_learning_rate": 0.0,  # 0: the same
                "orthogonal": 1e-4,
                **player,
            },
            "discriminator": {"learning_rate": 2e-4, "orthogonal": 0.0, **player},
            "growth": {"stage_images": 0.0},  # of models/progan.py: at each stage; 0: all at once
            "average": {"decay": 0.9999, "start_step": 0},
            "train": {
                "steps": 100_000,
                "start_from": "",  # a work directory, whose networks this run fine-tunes
                "batch": 2048,  # images in one discriminator step, over all microbatches
                "num_d_steps": 2,
                "microbatches": 1,
                "log_every": 100,
                "sample_every": 1000,
                "checkpoint_every": 1000,
                "keep_checkpoints": 3,  # the newest
                "keep_every": 0,  # and those of steps that this divides
                "best_metric": "",  # and the best by this one, such as "watch/diversity"
                "best": "highest",  # or "lowest"
                "wandb": "",  # a project of Weights & Biases that gets the numbers too
            },
            # What to do: "stop", or "roll_back" to the newest checkpoint with another seed.
            "on_non_finite": {"policy": "stop", "most": 3},
            # Looks for collapse every so many steps (0: never). On a collapse: "warn", or
            # "roll_back" to the best, else the newest, checkpoint from before its first sign.
            "watch": {
                "every": 1000,
                "images": 16,  # of each class, or more to divide among devices
                "classes": 10,  # at most
                "patience": 2,  # looks in a row
                "policy": "warn",
                "most": 3,
            },
            "sample": {
                "columns": 10,
                "standing_batches": 100,
                "standing_batch": 256,
                "truncation": 0.0,  # 0: the prior itself
                "truncation_definition": "threshold",
            },
            "evaluate": {
                "samples": 10_000,
                "batch": 100,
                # And "fd_infinity", "mind", "fd_per_class", "accuracy_score", "copies",
                # "recognition", "interpolation", "probe".
                "metrics": ("fd", "kd", "is", "precision_recall"),
                "extractor": "lite0",  # or "lite0_128", "inception": evaluate/extractors/
                "weights_file": "",  # of the extractor, where it needs one
                "reference": "",  # another data set than data.name, or a folder of images
                "reference_samples": 0,  # so many of the reference, a fair draw; 0: all
                "split": "",  # of the reference; data.split
                "test_split": "",  # that classifiers are tested on; a tenth of the reference
                "bootstrap_rounds": 0,  # error bars of distances, precision, recall, ...
                "seed": 0,
            },
            "mesh": {"fsdp": 1},
        }
    )


def module_named(package: ModuleType, field: str, name: str) -> ModuleType:
    names = [m.name for m in pkgutil.iter_modules(package.__path__)]
    load = lambda n: importlib.import_module(f"{package.__name__}.{n}")
    if name not in names or not hasattr(load(name), "default_config"):
        known = sorted(n for n in names if hasattr(load(n), "default_config"))
        raise ValueError(f"{field}.name = {name!r}: write one of {', '.join(known)}")
    return load(name)
