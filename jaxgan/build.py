"""From a config to the objects of a run: the only place where a string becomes an object.

`config.model.name` and `config.objective.name` are module names in models/ and objectives/: a new
model or a new method is one file there, with `default_config()` and `networks` or `objectives`.
"""

import importlib
import pkgutil
from collections.abc import Callable
from functools import partial
from types import ModuleType

import jax
import jax.numpy as jnp
import optax
from jax.sharding import Mesh
from ml_collections import ConfigDict
from ml_collections.config_dict import placeholder

import jaxgan.models
import jaxgan.objectives
from jaxgan import extras, latent_steps, latents, sharding
from jaxgan.averaging import ema
from jaxgan.gan import GAN, Player
from jaxgan.regularizers import clip_weights, freeze, orthogonal_regularization
from jaxgan.transforms import ParamTransform, chain, equalized, growth, identity, spectral_norm


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
            "model": _module(jaxgan.models, "model", model).default_config(),
            "objective": _module(jaxgan.objectives, "objective", objective).default_config(),
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
            **extras.default_fields(),
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
                # And "fd_infinity", "fd_per_class", "accuracy_score", "copies", "recognition",
                # "interpolation", "probe".
                "metrics": ("fd", "kd", "is", "precision_recall"),
                "extractor": "lite0",  # or "lite0_128", "inception", a network: see extractors.py
                "weights_file": "",  # of the extractor, where it needs one
                "reference": "",  # another data set than data.name, or a folder of images
                "split": "",  # of the reference; data.split
                "test_split": "",  # that classifiers are tested on; a tenth of the reference
                "bootstrap_rounds": 0,  # error bars of distances, precision, recall, ...
                "seed": 0,
            },
            "mesh": {"fsdp": 1},
        }
    )


def _module(package: ModuleType, field: str, name: str) -> ModuleType:
    names = [m.name for m in pkgutil.iter_modules(package.__path__)]
    load = lambda n: importlib.import_module(f"{package.__name__}.{n}")
    if name not in names or not hasattr(load(name), "default_config"):
        known = sorted(n for n in names if hasattr(load(n), "default_config"))
        raise ValueError(f"{field}.name = {name!r}: write one of {', '.join(known)}")
    return load(name)


def distribution(config: ConfigDict) -> latents.Distribution:
    """Return what latents are drawn from in training."""
    if config.prior not in ("normal", "uniform"):
        raise ValueError(f"prior = {config.prior!r}: write 'normal' or 'uniform'")
    return getattr(latents, config.prior)


def latent_step(config: ConfigDict) -> latent_steps.LatentStep:
    """Return how latents are improved before they are used."""
    fields = config.latent_step.to_dict()
    name, beta = fields.pop("name"), fields.pop("beta")
    if name == "none":
        return latent_steps.no_latent_step
    if fields["clip"] == "unit" and config.prior != "uniform":
        raise ValueError(f"latent_step.clip = 'unit' with prior = {config.prior!r}: write 'none'")
    if name == "gradient":
        return latent_steps.gradient(**fields)
    if name == "natural_gradient":
        return latent_steps.natural_gradient(beta=beta, **fields)
    raise ValueError(f"latent_step.name = {name!r}: write 'none', 'gradient' or 'natural_gradient'")


def optimizer(config: ConfigDict, mesh: Mesh | None = None) -> optax.GradientTransformation:
    """Return Adam for one player. With b1 = 0 there is no first moment to keep."""
    if config.b1:
        adam = optax.scale_by_adam(config.b1, config.b2, config.eps)
    else:
        adam = optax.scale_by_rms(config.b2, config.eps, eps_in_sqrt=False, bias_correction=True)
    rate = optax.scale_by_learning_rate(config.learning_rate)
    if config.get("encoder_learning_rate"):
        rates = {"encoder": optax.scale_by_learning_rate(config.encoder_learning_rate)}
        rate = optax.partition(rates | {"rest": rate}, _encoder_or_rest)
    links = [adam, rate]
    if config.orthogonal:
        links.insert(0, orthogonal_regularization(config.orthogonal, _whole(mesh)))
    if config.clip_weights:
        links.append(clip_weights(config.clip_weights))
    if config.freeze:
        links.append(freeze(tuple(config.freeze)))
    return optax.chain(*links)


def _encoder_or_rest(params):
    if "encoder" not in params:
        raise ValueError("generator.encoder_learning_rate: this model has no encoder; write 0.0")
    return {name: "encoder" if name == "encoder" else "rest" for name in params}


def transform(
    config: ConfigDict, mesh: Mesh | None, *, stage_images: float = 0.0, images_a_step: int = 0
) -> ParamTransform:
    """Return what parameters pass through: equalised rate, spectral norm, growth.

    stage_images: of a network that grows, see transforms.growth; 0 for any other.
    """
    links = [equalized()] if config.equalized else []
    if config.spectral_norm:
        links.append(spectral_norm(config.spectral_norm_eps, whole=_whole(mesh)))
    if stage_images:
        links.append(growth(stage_images, images_a_step))
    links = chain(*links) if links else identity()
    # On whole parameters: sigma of shards would cost four small reductions a layer. On the way back
    # gradients are split first, so that spectral norm's part of them is done on shards.
    return sharding.on_whole(mesh, links) if _is_split(mesh) else links


def _is_split(mesh: Mesh | None) -> bool:
    return mesh is not None and mesh.shape["fsdp"] > 1


def _whole(mesh: Mesh | None) -> Callable[[jax.Array], jax.Array]:
    """Return what keeps a value on every device where parameters are split; elsewhere all are."""
    return partial(sharding.whole, mesh) if _is_split(mesh) else jnp.asarray


def build(
    config: ConfigDict,
    image_shape: tuple[int, int, int],
    num_classes: int,
    mesh: Mesh | None = None,
    due: bool = True,
) -> GAN:
    """Return the game for images [height, width, channels], on a mesh if there is one.

    due: False is the game of a step in which lazy terms are not taken (extras/).
    """
    model = _module(jaxgan.models, "model", config.model.name)
    objective = _module(jaxgan.objectives, "objective", config.objective.name)
    generator, discriminator = model.networks(config.model, image_shape, num_classes)
    goals = objective.objectives(config.objective)
    g_objective, d_objective, g_stats, d_stats = extras.with_extras(config, *goals, due)
    draw = latents.class_conditional(distribution(config), config.model.latent_dim, num_classes)

    def prior(key: jax.Array, n: int):
        # Nothing else in a generator step is split, so this is where the compiler learns it.
        drawn = draw(key, n)
        return (
            drawn if mesh is None else jax.lax.with_sharding_constraint(drawn, sharding.rows(mesh))
        )

    labels = jax.ShapeDtypeStruct((2,), jnp.int32)
    z = jax.ShapeDtypeStruct((2, config.model.latent_dim), jnp.float32)
    images = jax.ShapeDtypeStruct((2, *image_shape), jnp.float32)
    sides = {}
    for name, module, example, goal, stats in (
        ("generator", generator, (z, labels), g_objective, g_stats),
        ("discriminator", discriminator, (images, labels), d_objective, d_stats),
    ):
        side = config[name]
        images = config.train.batch * (config.train.num_d_steps if name == "generator" else 1)
        passed = transform(
            side, mesh, stage_images=config.growth.stage_images, images_a_step=images
        )
        sides[name] = Player(module, example, goal, optimizer(side, mesh), passed, stats)
    average = ema(config.average.decay, config.average.start_step)
    return GAN(**sides, prior=prior, latent_step=latent_step(config), average=average)
