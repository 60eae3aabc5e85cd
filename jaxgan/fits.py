"""Checks that model, objective, terms and medium fit together, before anything is compiled."""

from collections.abc import Mapping
from types import ModuleType

import jax
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.game.objectives.srgan import unasked
from jaxgan.game.terms import compose

# Fields, and the value with which each does nothing.
OFF = {
    "augmentation.name": "none",
    "consistency.real": 0,
    "consistency.fake": 0,
    "consistency.latents": 0,
    "consistency.spread": 0,
    "data.flip": False,
    "data.random_crop": 1.0,
    "latent_step.name": "none",
}
IMAGES = ("augmentation.name", "consistency.real", "consistency.fake")  # change images
NEARBY = ("consistency.latents", "consistency.spread")  # need nearby noise to give nearby samples
# What an objective's module may say of itself: (the fields that it takes or not, without it).
TAKES = {
    "TAKES_LATENT_STEP": (("latent_step.name",), False),
    "TAKES_AUGMENTATION": (("augmentation.name",), True),
    "TAKES_NEARBY_LATENTS": (NEARBY, True),
    "TAKES_CHANGED_IMAGES": (("data.flip", "data.random_crop"), True),
}
UNTRAINED = "with objective.adversarial = 0 the discriminator is not trained"


def refuse_prior(config: ConfigDict, model: ModuleType) -> None:
    """Raise ValueError if the model's module says that it needs another PRIOR."""
    needed = getattr(model, "PRIOR", config.prior)
    if config.prior != needed:
        raise ValueError(
            f"prior = {config.prior!r}: model {config.model.name!r} needs {needed!r}; write this"
        )


def refuse_misfits(
    config: ConfigDict,
    networks: Mapping[str, Side],
    spec: Spec,
    objective: ModuleType,
    terms: compose.Terms,
) -> None:
    """Raise ValueError, naming the field to change, if a part asks for something that another
    lacks.

    networks: of the model. spec: of the medium. terms: all that the config asks for.
    """
    wanted = [(f"objective {config.objective.name!r}", objective.NEEDS)]
    for player, named in terms.items():
        if named and player not in networks:
            raise ValueError(
                f"terms: {', '.join(named)} for the {player}; model {config.model.name!r} has "
                f"{' and '.join(networks)}"
            )
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
    refuse_two_sizes(config, networks, spec, objective.NEEDS)
    if len(getattr(spec.sample, "shape", ())) != 3:
        refuse(config, IMAGES, f"data.medium = {config.data.medium!r} is not single images")
    generator = networks.get("generator")
    if not config.model.get("latent_dim") or not (generator and generator.smooth):
        why = f"model {config.model.name!r} has no latent space"
        refuse(config, (*NEARBY, "latent_step.name"), why)
    for constant, (fields, default) in TAKES.items():
        if not getattr(objective, constant, default):
            refuse(config, fields, f"objective {config.objective.name!r} does not take it")
    if objective.objectives(config.objective).get("discriminator") is unasked:
        refuse(config, ("augmentation.name",), UNTRAINED)
        for name in terms["discriminator"]:
            raise ValueError(f"{name} is on: {UNTRAINED}; switch it off")


def refuse(config: ConfigDict, fields: tuple[str, ...], why: str) -> None:
    """Raise ValueError, with the reason, for the first of some fields that is not OFF."""
    for field in fields:
        section, name = field.split(".")
        value, off = config[section][name], OFF[field]
        if value != off:
            raise ValueError(f"{field} = {value!r}: {why}; write {off!r}")


def refuse_two_sizes(
    config: ConfigDict, networks: Mapping[str, Side], spec: Spec, needs: Mapping[str, tuple]
) -> None:
    """Raise ValueError if samples are smaller than the data and the objective does not pool it."""
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
