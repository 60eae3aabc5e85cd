"""From a config to the objects of a run: the only place where a string becomes an object.

`config.model.name` and `config.objective.name` are module names in models/ and game/objectives/, or
`package.module` of one's own: a new model is one file with `default_config()` and `networks(config,
spec)`, a new method one file with `default_config()`, `objectives(config)` and `NEEDS`;
`init_stats(config, spec)` besides where it keeps arrays from step to step (cyclegan.py).
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeGuard

import jax
import jax.numpy as jnp
import optax
from jax.sharding import Mesh
from ml_collections import ConfigDict

from jaxgan import media, models
from jaxgan.config.intervals import images_a_step
from jaxgan.config.names import module_named
from jaxgan.devices import sharding
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
from jaxgan.game.regularizers import clip_weights, freeze, orthogonal_regularization
from jaxgan.game.sampling import Prior
from jaxgan.game.schedules import Value, of_steps
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


def distribution(config: ConfigDict) -> latents.Distribution:
    """Return what latents are drawn from in training."""
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


def optimizer(
    config: ConfigDict, images: int = 1, mesh: Mesh | None = None, lazy: float = 1.0
) -> optax.GradientTransformation:
    """Return Adam for one player, whose section of a config this is.

    images: how many go by from one turn of the player to the next, for schedules.
    lazy: see lazy_share.
    """
    rate = scaled_by(config.learning_rate, images, lazy)
    if config.get("encoder_learning_rate"):
        slow = scaled_by(config.encoder_learning_rate, images, lazy)
        rate = optax.partition({"encoder": slow, "rest": rate}, _encoder_or_rest)
    b2 = of_steps(config.b2, images)
    if lazy < 1.0:
        b2 = (lambda turn, b2=b2: b2(turn) ** lazy) if callable(b2) else b2**lazy
    links = [adam(config.b1**lazy, b2, config.eps), rate]
    if config.orthogonal:
        links.insert(0, orthogonal_regularization(config.orthogonal, _replicated(mesh)))
    if config.clip_weights:
        links.append(clip_weights(config.clip_weights))
    if config.freeze:
        links.append(freeze(tuple(config.freeze)))
    return optax.chain(*links)


def scaled_by(rate: float | str, images: int, factor: float) -> optax.GradientTransformation:
    """Return a step of a learning rate times `factor`, against the gradient."""
    found: Any = of_steps(rate, images, factor)
    return optax.scale_by_learning_rate(found)


def lazy_share(config: ConfigDict, name: str) -> float:
    """Return c = k / (k + 1) for a player with a term in every k-th turn only, if asked for.

    Adam then has the rate c rate and the decays b1^c and b2^c, as if the lazy term had turns of its
    own between the others (arXiv 1912.04958, appendix B).
    """
    every, lazy = config.penalty.every, {"generator": bool(config.path_length.weight)}
    lazy["discriminator"] = config.penalty.name != "none"
    if not config.penalty.corrects_adam:
        return 1.0
    if every == 1:
        raise ValueError(
            "penalty.corrects_adam = True with penalty.every = 1: nothing is lazy; write False"
        )
    return every / (every + 1) if lazy.get(name) else 1.0


def adam(b1: float, b2: Value, eps: float) -> optax.GradientTransformation:
    """Return Adam without its rate. With b1 = 0 there is no first moment to keep.

    b2: a number, or a function of the player's turn: then the second moment's bias is corrected by
      1 - b2^turn with the newest b2, as in PyTorch.
    """
    if b1:
        make, fields = optax.scale_by_adam, {"b1": b1, "b2": b2, "eps": eps}
    else:
        make = partial(optax.scale_by_rms, eps_in_sqrt=False, bias_correction=True)
        fields = {"decay": b2, "eps": eps}
    if not callable(b2):
        return make(**fields)
    fixed = [name for name, value in fields.items() if value is not b2]
    return optax.inject_hyperparams(make, static_args=fixed)(**fields)


def _encoder_or_rest(params):
    if "encoder" not in params:
        raise ValueError("generator.encoder_learning_rate: this model has no encoder; write 0.0")
    return {name: "encoder" if name == "encoder" else "rest" for name in params}


def transform(config: ConfigDict, name: str, mesh: Mesh | None = None) -> ParamTransform:
    """Return what a player's parameters pass through: equalised rate, spectral norm, growth."""
    settings = config[name]
    links = [equalized()] if settings.equalized else []
    if settings.weight_norm:
        links.append(weight_norm())
    if settings.spectral_norm:
        links.append(spectral_norm(settings.spectral_norm_eps, replicate=_replicated(mesh)))
    if config.growth.stage_images:
        links.append(growth(config.growth.stage_images, images_a_turn(config, name)))
    links = chain(*links) if links else identity()
    # On whole parameters: sigma of shards would cost four small reductions a layer. On the way back
    # gradients are split first, so that spectral norm's part of them is done on shards.
    return sharding.on_replicated(mesh, links) if _is_split(mesh) else links


def images_a_turn(config: ConfigDict, name: str) -> int:
    """Return how many real examples training counts for each turn of a player."""
    own_turns = sum(turn.player == name for turn in turns(config))
    return images_a_step(config) // max(own_turns, 1)


def averages(config: ConfigDict) -> dict[str, Average]:
    """Return how the generator is averaged, and its averages by power functions (0.05, ...)."""
    fields = config.average.to_dict()
    half_life, lengths = fields.pop("half_life"), fields.pop("lengths")
    if half_life:
        fields["decay"] = decay_of(half_life, images_a_step(config))
    return {
        "generator": ema(**fields),
        **{f"generator/{length:g}": power(length) for length in lengths},
    }


def _is_split(mesh: Mesh | None) -> TypeGuard[Mesh]:
    return mesh is not None and mesh.shape["fsdp"] > 1


def _replicated(mesh: Mesh | None) -> Callable[[jax.Array], jax.Array]:
    """Return what keeps a value on every device where parameters are split; elsewhere all are."""
    return partial(sharding.replicate, mesh) if _is_split(mesh) else jnp.asarray


def source(config: ConfigDict, spec: Spec, mesh: Mesh | None = None) -> Source:
    """Return where the generator's inputs come from: noise from the prior, and a condition.

    config.condition: "prior" draws labels uniformly, "data" takes the condition of each real
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
        # Nothing else in a generator's turn is split, so this is where the compiler learns it.
        split = lambda x: (
            x if mesh is None else jax.lax.with_sharding_constraint(x, sharding.rows(mesh))
        )
        return split(noise) if width else (), split(labels) if drawn_labels else batch.condition

    return drawn


def medium_of(config: ConfigDict) -> Medium:
    """Return what an example of a resolved config is."""
    return module_named(media, "medium", config.data.medium).medium(config.data)


def takes_text(config: ConfigDict, spec: Spec) -> bool:
    """Return whether the condition of a resolved config's examples is a text vector."""
    length = config.data.text_dim
    return length is not None and getattr(spec.condition, "shape", ()) == (length,)


def sampling_prior(config: ConfigDict, truncation: Any = None) -> Prior:
    """Return what sampling draws from: the training prior, or normal latents truncated.

    truncation: None takes config.sample.truncation; 0 is the training prior. A traced number is a
      threshold above 0, so that one program serves all of them.
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
    """Return what noise of `width` numbers and, of a Label or a Number, conditions come from."""
    if isinstance(condition, Number):
        return latents.numbered(draw, width, condition.least, condition.most)
    classes = condition.num_classes if isinstance(condition, Label) else 0
    return latents.class_conditional(draw, width, classes)


def turns(config: ConfigDict) -> tuple[Turn, ...]:
    """Return who moves when in a training step."""
    return alternate(config.train.num_d_steps, config.train.fresh_batches)


def noise_spec(config: ConfigDict) -> jax.ShapeDtypeStruct | tuple[()]:
    """Return the spec of the generator's noise; () for a model without latents."""
    width = config.model.get("latent_dim")
    return jax.ShapeDtypeStruct((width,), jnp.float32) if width else ()


def sides(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return the networks of a game for examples of `spec`, whose noise is the model's."""
    model = module_named(models, "model", config.model.name)
    return model.networks(config.model, spec._replace(noise=noise_spec(config)))


def own_terms(config: ConfigDict) -> compose.Terms:
    """Return the terms of the modules that config.terms names, under the modules' last names."""
    found: compose.Terms = {}
    for name in config.terms:
        for player, term in module_named(terms, "term", name).terms().items():
            found.setdefault(player, {})[name.rpartition(".")[2]] = term
    return found


def check_needs(config: ConfigDict, networks: Mapping[str, Side], spec: Spec) -> None:
    """Refuse an objective or a term that the model does not fit, before anything runs."""
    objective = module_named(objectives, "objective", config.objective.name)
    wanted = [(f"objective {config.objective.name!r}", objective.NEEDS)]
    for named in compose.terms_of(config, images_a_step(config), own_terms(config)).values():
        wanted += [(f"term {name!r}", term.needs) for name, term in named.items()]
    for who, needs in wanted:
        for player, calls in needs.items():
            known = networks[player].calls if player in networks else {}
            for call in calls:
                if call not in known:
                    raise ValueError(
                        f"{who} needs {player}.{call}; model {config.model.name!r} has "
                        f"{', '.join(known) or 'no such player'}: write another model.name or "
                        "objective.name"
                    )
    check_images(config, spec)
    check_one_size(config, networks, spec, objective.NEEDS)
    for field in ("latents", "spread"):
        if config.consistency[field] and not jax.tree.leaves(noise_spec(config)):
            raise ValueError(
                f"consistency.{field} = {config.consistency[field]}: model "
                f"{config.model.name!r} takes no noise; write 0"
            )
    if config.latent_step.name != "none" and not getattr(objective, "TAKES_LATENT_STEP", False):
        raise ValueError(
            f"latent_step.name = {config.latent_step.name!r}: objective "
            f"{config.objective.name!r} takes no latent step; write 'none'"
        )
    if config.augmentation.name != "none" and not getattr(objective, "TAKES_AUGMENTATION", True):
        raise ValueError(
            f"augmentation.name = {config.augmentation.name!r}: objective "
            f"{config.objective.name!r} shows its discriminator several resolutions; write 'none'"
        )


def check_images(config: ConfigDict, spec: Spec) -> None:
    """Refuse what mirrors, shifts or colours images where a sample is not one image."""
    if len(getattr(spec.sample, "shape", ())) == 3:
        return
    found = {"augmentation.name": (config.augmentation.name, "none")}
    found |= {f"consistency.{name}": (config.consistency[name], 0) for name in ("real", "fake")}
    for field, (value, instead) in found.items():
        if value != instead:
            raise ValueError(
                f"{field} = {value!r} changes images, and data.medium = {config.data.medium!r}: "
                f"write {instead!r}"
            )


def check_one_size(
    config: ConfigDict, networks: Mapping[str, Side], spec: Spec, needs: Mapping[str, tuple]
) -> None:
    """Refuse samples smaller than the data's where the objective does not pool the data's."""
    calls = networks["discriminator"].calls if "discriminator" in networks else {}
    if "pooled" not in calls or "pooled" in needs.get("discriminator", ()):
        return
    sample = jax.ShapeDtypeStruct((1, *spec.sample.shape), spec.sample.dtype)
    made = jax.eval_shape(calls["pooled"], {"params": {}}, sample).shape[1:]
    if made != spec.sample.shape:
        raise ValueError(
            f"objective {config.objective.name!r} compares samples of one size; model "
            f"{config.model.name!r} makes {list(made)} of data {list(spec.sample.shape)}: write "
            "objective.name = 'bigbigan', which pools the data's"
        )


def build(
    config: ConfigDict, spec: Spec, mesh: Mesh | None = None, with_lazy_terms: bool = True
) -> Game:
    """Return the game for examples of `spec`, on a mesh if there is one.

    with_lazy_terms: False is the game of a step in which lazy terms are not taken (terms/).
    """
    networks = sides(config, spec)
    check_needs(config, networks, spec)
    objective = module_named(objectives, "objective", config.objective.name)
    own_stats = getattr(objective, "init_stats", lambda config, spec: {})(config.objective, spec)
    plain = objective.objectives(config.objective)
    if takes_text(config, spec):
        plain, own_stats = texts.keeping(plain, own_stats, config.data.text_dim)
    wanted, stats = compose.with_terms(
        config,
        plain,
        images_a_step(config),
        with_lazy_terms,
        own_terms(config),
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
