"""The default config of a model and an objective, and the description of each field.

The sections `model` and `objective` come from the modules that config.model.name and
config.objective.name name (names.py); COMMON describes the fields that several of them share.
"""

from collections.abc import Iterator
from typing import Any

from ml_collections import ConfigDict
from ml_collections.config_dict import FieldReference

from jaxgan import models
from jaxgan.config.field import (
    ANY,
    Field,
    Scheduled,
    above,
    all_at_least,
    at_least,
    one_of,
    share,
    sizes,
    within,
)
from jaxgan.config.names import module_named
from jaxgan.config.sections import SECTIONS
from jaxgan.game import objectives

# Fields of models and objectives; their defaults are set by each module.
COMMON = {
    "name": Field("", "a module of jaxgan, or package.module of your own"),
    "width": Field(
        1, "base number of channels: the width of every layer is a multiple of it", at_least(1)
    ),
    "most": Field(1, "largest number of channels of a layer", at_least(1)),
    "latent_dim": Field(1, "dimensions of a latent", at_least(1)),
    "embedding_dim": Field(1, "dimensions of a class embedding", at_least(1)),
    "code_dim": Field(1, "dimensions of the code", at_least(1)),
    "hidden": Field(1, "width of hidden layers", at_least(1)),
    "split_latents": Field(True, "each block sees a part of the latent (arXiv 1809.11096)"),
    "shared_embedding": Field(True, "all layers share one class embedding (arXiv 1809.11096)"),
    "conditional": Field(True, "the networks see the class"),
    "generator_widths": Field(
        None, "channels of the network's layers; None: the paper's", sizes(), tuple
    ),
    "discriminator_widths": Field(
        None, "channels of the network's layers; None: the paper's", sizes(), tuple
    ),
    "discriminator_downsamples": Field(
        None, "number of blocks that halve the resolution; None: the paper's", ANY, int
    ),
    "generator_attention": Field(
        None, "resolution in pixels of the attention; 0: none; None: the paper's", at_least(0), int
    ),
    "discriminator_attention": Field(
        None, "resolution in pixels of the attention; 0: none; None: the paper's", at_least(0), int
    ),
    "attention": Field(0, "resolution in pixels of the attention; 0: none", at_least(0)),
    "batch_norm_eps": Field(1e-5, "added to the variance in batch norm", above(0)),
    "batch_norm_groups": Field(
        1, "number of parts of a batch, each with its own statistics", at_least(1)
    ),
    "leaky_slope": Field(0.0, "slope of the activation for negative inputs; 0: ReLU", within(0, 1)),
    "remat": Field(False, "compute activations again in the backward pass, to save memory"),
    "dtype": Field("float32", "dtype of the computation", one_of("float32", "bfloat16")),
    "loss": Field("hinge", "adversarial loss: a name of game/losses.py"),
    "top_k": Field(
        1.0,
        "share of its images, those with the highest logits, that the generator learns "
        "from; 1: all",
        share(),
    ),
    "one_pass": Field(True, "real and generated images go through the discriminator together"),
}


def default_config(model: str = "biggan", objective: str = "adversarial") -> ConfigDict:
    """Return every field with its default, locked: setting a field that does not exist is refused.

    model, objective: names of modules; see names.py. Experiments in configs/ change some fields.
    """
    values = _defaults(SECTIONS)
    for package, section, name in ((models, "model", model), (objectives, "objective", objective)):
        values[section] = ConfigDict(module_named(package, section, name).default_config())
        values[section].name = name  # may be package.module of your own
    return ConfigDict(values).lock()


def _defaults(section: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _defaults(field) if isinstance(field, dict) else _default(field)
        for name, field in section.items()
    }


def _default(field: Field) -> Any:
    """Return a field's default, as a reference with a type if the default does not have the field's
    type."""
    if field.type is Scheduled:
        return FieldReference(field.default, field_type=object)  # a number or a string
    return FieldReference(None, field_type=field.type) if field.default is None else field.default


def fields(defaults: ConfigDict) -> Iterator[tuple[str, Field]]:
    """Yield (path, field) for every field of a default config, in order."""
    for name, section in SECTIONS.items():
        if isinstance(section, Field):
            yield name, section
            continue
        for key, field in (section or own_fields(name, defaults[name])).items():
            yield f"{name}.{key}", field


def own_fields(of: str, section: ConfigDict) -> dict[str, Field]:
    """Return the fields of a model's or an objective's section.

    Those in COMMON have a description. Its module's AT_LEAST, if there is one, gives the smallest
    value of a number, or of each number of a tuple.
    """
    module = module_named(models if of == "model" else objectives, of, section.name)
    least, found = getattr(module, "AT_LEAST", {}), {}
    for name in section:
        default, kind = section[name], section.get_type(name)
        common = COMMON.get(name, Field(default, ""))
        rule = common.rule if kind is common.type else ANY
        if name in least:
            rule = all_at_least(least[name], default) if kind is tuple else at_least(least[name])
        found[name] = Field(default, common.doc, rule, kind)
    return found
