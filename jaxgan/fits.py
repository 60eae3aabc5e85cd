"""Checks that model, objective, terms and medium fit together, before anything is compiled."""

from collections.abc import Mapping
from types import ModuleType

import jax
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.game.terms import compose


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
    for named in terms.values():
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
    refuse_changes_of_images(config, spec)
    refuse_two_sizes(config, networks, spec, objective.NEEDS)
    for field in ("latents", "spread"):
        if config.consistency[field] and not config.model.get("latent_dim"):
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


def refuse_changes_of_images(config: ConfigDict, spec: Spec) -> None:
    """Raise ValueError for terms that mirror, shift or colour images, if a sample is not a single
    image."""
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
