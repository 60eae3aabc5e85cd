"""What is refused before anything is computed: the field, its value, and what to write instead."""

import difflib
from collections.abc import Iterable, Iterator
from typing import Any

from ml_collections import ConfigDict

from jaxgan import media
from jaxgan.config.defaults import default_config, fields
from jaxgan.config.field import refuse_value, short
from jaxgan.config.names import module_named


def check(config: ConfigDict, devices: int | None = None) -> None:
    """Raise ValueError for a config that cannot run.

    devices: the number of devices that will run it; by default those of this machine.
    """
    check_fields(config)
    refuse_medium(config)
    refuse_categories(config)
    refuse_batch(config, devices)


def check_fields(config: ConfigDict) -> None:
    """Refuse a field that does not exist, is missing, or has a value that it does not take."""
    known = dict(fields(defaults_of(config)))
    given = dict(flat(config))
    for path, value in given.items():
        if path not in known:
            raise ValueError(f"{path} = {short(value)}: {unknown(path, known)}")
    for path, field in known.items():
        if path not in given:
            raise ValueError(
                f"{path} is missing: begin with default_config({config.model.name!r}, "
                f"{config.objective.name!r})"
            )
        refuse_value(path, field, given[path])


def defaults_of(config: ConfigDict) -> ConfigDict:
    """Return the defaults of a config's model and objective."""
    for section in ("model", "objective"):
        value = config.get(section)
        name = value.get("name") if isinstance(value, ConfigDict) else None
        if not isinstance(name, str):
            raise ValueError(
                f"{section} = {short(value)} names no module: begin with "
                "default_config(model, objective)"
            )
    defaults = default_config(config.model.name, config.objective.name)
    for section in ("model", "objective"):
        if missing := set(defaults[section]) ^ set(config[section]):
            names = [name for name in sorted(missing) if name in defaults[section]]
            some = ", ".join((names or sorted(missing))[:3])
            what = "is without" if names else "does not have"
            raise ValueError(
                f"{section}.name = {config[section].name!r} {what} {some}: begin with "
                f"default_config({config.model.name!r}, {config.objective.name!r})"
            )
    return defaults


def unknown(path: str, known: Iterable[str]) -> str:
    """Return what is wrong with a path that is not a field, with the most similar one that is."""
    known = list(known)
    if inside := [other for other in known if other.startswith(f"{path}.")]:
        return f"this is a section: write its fields, such as {inside[0]}"
    near = nearest(path, known)
    return f"the config has no such field{f'; did you mean {near}?' if near else ''}"


def nearest(path: str, known: list[str]) -> str | None:
    """Return the most similar field: of the path's own section, else one of the same name
    elsewhere, else by its whole path or name, fields and sections alike. None if nothing is
    similar."""
    section, _, own = path.rpartition(".")
    inside = {f.removeprefix(f"{section}."): f for f in known if f.startswith(f"{section}.")}
    names = {other.rpartition(".")[2]: other for other in reversed(known)}
    if longer := [name for name in inside if len(own) > 3 and own in name]:
        return inside[min(longer, key=len)]  # attention: generator_attention
    if near := difflib.get_close_matches(own, inside, 1, 0.7):
        return inside[near[0]]
    paths = {other: other for full in known for other in (full, full.partition(".")[0])}
    for word, choices, least in (
        (path, paths, 0.85),
        (own, names, 1.0),
        (path, paths, 0.7),
        (own, names, 0.7),
    ):
        if near := difflib.get_close_matches(word, choices, 1, least):
            return choices[near[0]]
    return None


def flat(section: ConfigDict, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (path, value) for every field of a config, in order."""
    for name in section:
        value = section[name]
        if isinstance(value, ConfigDict) and len(value):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def refuse_medium(config: ConfigDict) -> None:
    """Refuse a size, or an augmentation of the data, that the medium does not have."""
    data = config.data
    module = module_named(media, "medium", data.medium)
    of = "" if data.medium == "images" else f" with data.medium = {data.medium!r}"
    like = getattr(module, "SIZE", None)
    if like is not None and len(data.size) != len(like):
        many = {1: "one number", 2: "(height, width)", 3: "three numbers"}[len(like)]
        raise ValueError(f"data.size = {data.size}{of}: write {many}, such as {like}")
    for field, off in (("flip", False), ("random_crop", 1.0)):
        if data[field] != off and field not in getattr(module, "AUGMENTS", (field,)):
            raise ValueError(
                f"data.{field} = {data[field]}{of}: this changes images in training: write {off}"
            )


def refuse_categories(config: ConfigDict) -> None:
    """Refuse data.categories if something needs the classes of the data."""
    if not config.data.categories:
        return
    if config.objective.name != "infogan":
        raise ValueError(
            f"data.categories = {config.data.categories} with objective.name = "
            f"{config.objective.name!r}: write 0, or 'infogan', which needs no labels"
        )
    if {"recognition", "fd_per_class"} & set(config.evaluate.metrics):
        raise ValueError(
            f"evaluate.metrics = {config.evaluate.metrics} with data.categories: leave out "
            "those that compare the samples' labels with the data's"
        )


def refuse_batch(config: ConfigDict, devices: int | None = None) -> None:
    """Refuse a batch that does not divide evenly into microbatches and devices."""
    if devices is None:
        import jax  # starts the devices

        devices = len(jax.devices())
    train = config.train
    unit = devices * train.microbatches
    if train.batch % unit:
        near = max(round(train.batch / unit), 1) * unit
        raise ValueError(
            f"train.batch = {train.batch} does not divide into {train.microbatches} microbatches "
            f"on {devices} devices: write a multiple of {unit}, such as {near}"
        )
