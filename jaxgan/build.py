"""From a config to the objects of a run: the only place where a string becomes an object.

`config.model.name` and `config.objective.name` name modules in models/ and game/objectives/, or are
the `package.module` of your own. A new model is one file with `default_config()` and
`networks(config, spec)`; a new method is one file with `default_config()`, `objectives(config)` and
`NEEDS`, plus `init_stats(config, spec)` if it keeps arrays from step to step (cyclegan.py).
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh
from ml_collections import ConfigDict

from jaxgan import media, models
from jaxgan.config.intervals import images_a_step
from jaxgan.config.names import module_named
from jaxgan.devices import sharding
from jaxgan.fits import refuse_misfits, refuse_prior
from jaxgan.game import latent_steps, latents, objectives, terms, texts
from jaxgan.game.averaging import Average, decay_of, ema, power
from jaxgan.game.game import (
    Batch,
    Game,
    Label,
    Player,
    Side,
    Source,
    Spec,
    Turn,
    alternate,
)
from jaxgan.game.sampling import Prior
from jaxgan.game.terms import compose
from jaxgan.game.transforms import (
    ParamTransform,
    chain,
    equalized,
    growth,
    identity,
    spectral_norm,
    weight_norm,
)
from jaxgan.media.medium import Medium, Number
from jaxgan.optimizers import lazy_share, optimizer


def distribution(config: ConfigDict) -> latents.Distribution:
    """Return the distribution that training draws latents from."""
    if config.prior not in ("normal", "uniform"):
        raise ValueError(f"prior = {config.prior!r}: write 'normal' or 'uniform'")
    return getattr(latents, config.prior)


def latent_step(config: ConfigDict) -> latent_steps.LatentStep:
    """Return how latents are improved before they are used."""
    fields = config.latent_step.to_dict()
    name, alpha, beta = (fields.pop(field) for field in ("name", "alpha", "beta"))
    if name == "none":
        return latent_steps.no_latent_step
    if fields["clip"] == "unit" and config.prior != "uniform":
        raise ValueError(f"latent_step.clip = 'unit' with prior = {config.prior!r}: write 'none'")
    if name == "gradient":
        return latent_steps.latent_step(latent_steps.gradient(alpha), **fields)
    if name == "natural_gradient":
        return latent_steps.latent_step(latent_steps.natural_gradient(alpha, beta), **fields)
    raise ValueError(f"latent_step.name = {name!r}: write 'none', 'gradient' or 'natural_gradient'")


def transform(config: ConfigDict, name: str, mesh: Mesh | None = None) -> ParamTransform:
    """Return what a player's parameters pass through: equalised rate, weight norm, spectral norm,
    growth."""
    settings = config[name]
    links = [equalized()] if settings.equalized else []
    if settings.weight_norm:
        links.append(weight_norm())
    if settings.spectral_norm:
        links.append(spectral_norm(settings.spectral_norm_eps, replicate=sharding.whole(mesh)))
    if config.growth.stage_images:
        links.append(growth(config.growth.stage_images, images_a_turn(config, name)))
    links = chain(*links) if links else identity()
    # On replicated parameters: sigma of shards would cost four small reductions per layer. On the
    # way back, gradients are sharded first, so that spectral norm's part is computed on shards.
    return sharding.on_replicated(mesh, links) if sharding.is_split(mesh) else links


def images_a_turn(config: ConfigDict, name: str) -> int:
    """Return the number of real examples that training counts per turn of a player."""
    own_turns = sum(turn.player == name for turn in turns(config))
    return images_a_step(config) // max(own_turns, 1)


def averages(config: ConfigDict) -> dict[str, Average]:
    """Return the generator's moving average, and its power-function averages ("generator/0.05")."""
    fields = config.average.to_dict()
    half_life, lengths = fields.pop("half_life"), fields.pop("lengths")
    if half_life:
        fields["decay"] = decay_of(half_life, images_a_step(config))
    return {
        "generator": ema(**fields),
        **{f"generator/{length:g}": power(length) for length in lengths},
    }


def source(config: ConfigDict, spec: Spec, mesh: Mesh | None = None) -> Source:
    """Return where the generator's inputs come from: noise from the prior, and a condition.

    config.condition: "prior" draws labels uniformly; "data" takes the condition of each real
    example, so that fake i has the label of real i.
    """
    if config.condition not in ("prior", "data"):
        raise ValueError(f"condition = {config.condition!r}: write 'prior' or 'data'")
    drawn_labels = config.condition == "prior"
    if drawn_labels and not isinstance(spec.condition, Label | Number):
        raise ValueError("condition = 'prior': only labels and numbers can be drawn; write 'data'")
    width = spec.noise.shape[0] if hasattr(spec.noise, "shape") else 0
    prior = prior_of(distribution(config), width, spec.condition)

    def drawn(key: jax.Array, batch: Batch):
        noise, labels = prior(key, len(jax.tree.leaves(batch)[0]))
        # Nothing else in a generator's turn is sharded: from here the compiler infers the rest.
        split = lambda x: (
            x if mesh is None else jax.lax.with_sharding_constraint(x, sharding.rows(mesh))
        )
        return split(noise) if width else (), split(labels) if drawn_labels else batch.condition

    return drawn


def medium_of(config: ConfigDict) -> Medium:
    """Return the medium of a resolved config."""
    return module_named(media, "medium", config.data.medium).medium(config.data)


def takes_text(config: ConfigDict, spec: Spec) -> bool:
    """Return whether the condition of a resolved config's examples is a text vector."""
    length = config.data.text_dim
    return length is not None and getattr(spec.condition, "shape", ()) == (length,)


def sampling_prior(config: ConfigDict, truncation: Any = None) -> Prior:
    """Return what sampling draws from: the training prior, or truncated normal latents.

    truncation: None means config.sample.truncation; 0 means the training prior. A traced number is
      a threshold above 0, so that one program serves all thresholds.
    Raises ValueError for truncation with a prior other than normal.
    """
    threshold = config.sample.truncation if truncation is None else truncation
    draw = distribution(config)
    if isinstance(threshold, jax.Array) or threshold:
        if config.prior != "normal":
            raise ValueError(
                f"truncation = {threshold} needs prior = 'normal', and this generator's is "
                f"{config.prior!r}: write 0"
            )
        draw = latents.truncated(threshold, config.sample.truncation_definition)
    condition, width = medium_of(config).spec.condition, config.model.get("latent_dim") or 0
    if isinstance(condition, Number):
        return prior_of(draw, width, condition)
    return prior_of(draw, width, Label(len(config.data.class_names)))


def prior_of(draw: latents.Distribution, width: int, condition: Any) -> Prior:
    """Return a prior of `width` noise numbers and, for a Label or a Number, of conditions."""
    if isinstance(condition, Number):
        return latents.numbered(draw, width, condition.least, condition.most)
    classes = condition.num_classes if isinstance(condition, Label) else 0
    return latents.class_conditional(draw, width, classes)


def turns(config: ConfigDict) -> tuple[Turn, ...]:
    """Return the turns of a training step: which player moves when."""
    return alternate(config.train.num_d_steps, config.train.fresh_batches)


def noise_spec(config: ConfigDict) -> jax.ShapeDtypeStruct | tuple[()]:
    """Return the spec of the generator's noise; () for a model without latents."""
    width = config.model.get("latent_dim")
    return jax.ShapeDtypeStruct((width,), jnp.float32) if width else ()


def sides(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return a model's networks by player, for examples of `spec` and noise of the model's
    width."""
    model = module_named(models, "model", config.model.name)
    return model.networks(config.model, spec._replace(noise=noise_spec(config)))


def own_terms(config: ConfigDict) -> compose.Terms:
    """Return the terms of the modules in config.terms, each under the last part of its module's
    name.

    Raises ValueError if two modules have the same last part.
    """
    found: compose.Terms = {}
    for name in config.terms:
        for player, term in module_named(terms, "term", name).terms().items():
            named, own = found.setdefault(player, {}), name.rpartition(".")[2]
            if own in named:
                raise ValueError(f"terms = {tuple(config.terms)} names {own!r} twice: rename one")
            named[own] = term
    return found


def build(
    config: ConfigDict, spec: Spec, mesh: Mesh | None = None, with_lazy_terms: bool = True
) -> Game:
    """Return the game for examples of `spec`, sharded over a mesh if there is one.

    with_lazy_terms: False builds the game of the steps in which lazy terms are left out (terms/).
    Raises ValueError, naming the field, for parts that do not fit together.
    """
    refuse_prior(config, module_named(models, "model", config.model.name))
    networks = sides(config, spec)
    objective = module_named(objectives, "objective", config.objective.name)
    asked = compose.terms_of(config, images_a_step(config), own_terms(config))
    refuse_misfits(config, networks, spec, objective, asked)
    own_stats = getattr(objective, "init_stats", lambda config, spec: {})(config.objective, spec)
    plain = objective.objectives(config.objective)
    if takes_text(config, spec):
        plain, own_stats = texts.keeping(plain, own_stats, config.data.text_dim)
    wanted, stats = compose.with_terms(
        config,
        plain,
        asked,
        images_a_step(config),
        with_lazy_terms,
        own_stats,
    )
    players = {
        name: Player(
            side,
            wanted[name],
            optimizer(config[name], images_a_turn(config, name), mesh, lazy_share(config, name)),
            transform(config, name, mesh),
            stats[name],
        )
        for name, side in networks.items()
    }
    return Game(
        players,
        source(config, spec._replace(noise=noise_spec(config)), mesh),
        turns(config),
        averages(config),
        latent_step(config),
        spec,
    )
