"""From a config to the objects of a run: the only place where a string becomes an object.

`config.model.name` and `config.objective.name` are module names in models/ and objectives/: a new
model or a new method is one file there, with `default_config()` and `networks` or `objectives`.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import optax
from jax.sharding import Mesh
from ml_collections import ConfigDict

from jaxgan import models
from jaxgan.config import module_named
from jaxgan.devices import sharding
from jaxgan.game import latent_steps, latents, objectives
from jaxgan.game.averaging import ema
from jaxgan.game.game import GAN, Player
from jaxgan.game.regularizers import clip_weights, freeze, orthogonal_regularization
from jaxgan.game.terms import compose
from jaxgan.game.transforms import ParamTransform, chain, equalized, growth, identity, spectral_norm


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
    with_lazy_terms: bool = True,
) -> GAN:
    """Return the game for images [height, width, channels], on a mesh if there is one.

    with_lazy_terms: False is the game of a step in which lazy terms are not taken (extras/).
    """
    model = module_named(models, "model", config.model.name)
    objective = module_named(objectives, "objective", config.objective.name)
    generator, discriminator = model.networks(config.model, image_shape, num_classes)
    goals = objective.objectives(config.objective)
    g_objective, d_objective, g_stats, d_stats = compose.with_terms(config, *goals, with_lazy_terms)
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
