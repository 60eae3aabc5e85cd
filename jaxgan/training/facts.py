"""Facts that only a data set knows; a config that reads something else is refused before training.

Each medium's module says which data sets it reads and which facts it needs (media/medium.py).
"""

from types import ModuleType
from typing import Any

from ml_collections import ConfigDict

from jaxgan import media, models
from jaxgan.config.names import module_named
from jaxgan.data.records import Records
from jaxgan.media.medium import Held


def facts(config: ConfigDict, records: Records) -> dict[str, Any]:
    """Return the values of config.data that the data set decides, except the classes.

    Raises ValueError if the data set holds something other than what the config reads.
    """
    module = module_named(media, "medium", config.data.medium)
    held = Held(records.directory, records.manifest() or {}, records.features)
    refuse_other_kind(config.data, held, module)
    refuse_environment(config, held)
    found = {"channels": records.shape[-1], "bits": 8 * records.dtype.itemsize}
    return found | (module.facts(config.data, held) if hasattr(module, "facts") else {})


def assumed(config: ConfigDict, channels: int, classes: int) -> dict[str, Any]:
    """Return these facts, and the classes' names, for a data set that is not there.

    It is of images with this number of channels and classes, or of what the medium is made of. A
    model whose config decides the channels says so by a function `channels`.
    """
    module = module_named(media, "medium", config.data.medium)
    of_model = getattr(module_named(models, "model", config.model.name), "channels", None)
    found = {
        "channels": of_model(config.model) if of_model else channels,
        "bits": 8,
        "class_names": tuple(str(i) for i in range(classes)),
    }
    of_medium = getattr(module, "assumed", lambda config, channels, classes: {})
    return found | of_medium(config, channels, classes)


def kind_of(held: Held) -> str:
    """Return the medium whose samples a data set holds as they are; "" if that is unknown."""
    if "environment" in held.manifest:
        return "transitions"
    if held.manifest.get("map_classes"):
        return "maps"
    if held.manifest.get("source_channels"):
        return "pairs" if held.manifest.get("aligned", True) else "domains"
    if held.features.text_dim:
        return "captions"
    return held.manifest.get("medium", "images" if len(held.features.shape) == 3 else "")


def refuse_other_kind(data: ConfigDict, held: Held, module: ModuleType) -> None:
    """Raise ValueError if the data set holds what the medium does not read, or samples of another
    size. Images are resized to data.size as they are read; samples of other media are not."""
    kind, reads = kind_of(held), getattr(module, "READS", None)
    if reads is None or not kind:
        return
    command = prepare_command(module, data.size)
    if kind not in reads:
        command = command or module.PREPARE.format(*module.SIZE)
        raise ValueError(
            f"data.medium = {data.medium!r}, but {held.directory} holds {kind}: write {kind!r} "
            f"with a model for them, or make {data.medium} with `{command}`"
        )
    size = tuple(held.features.shape[:-1])
    if "medium" in held.manifest and data.size != size:
        raise ValueError(
            f"data.size = {data.size}, but the {kind} of {held.directory} have {size}: write this"
            + (f", or make others with `{command}`" if command else "")
        )


def prepare_command(module: ModuleType, size: tuple[int, ...]) -> str:
    """Return the command that makes samples of this size for a medium; "" if there is none."""
    fits = getattr(module, "prepares", lambda size: True)
    is_possible = len(size) == len(getattr(module, "SIZE", size)) and fits(size)
    return module.PREPARE.format(*size) if is_possible else ""


def refuse_environment(config: ConfigDict, held: Held) -> None:
    """Raise ValueError if an objective acts in another environment than the expert did."""
    found, acts = held.manifest.get("environment"), config.objective.get("environment")
    if found and acts not in (None, found):
        raise ValueError(
            f"objective.environment = {acts!r}, but {held.directory} is of {found!r}: write "
            f"{found!r}"
        )
