"""The values of a config's schedules over time, for the log."""

from ml_collections import ConfigDict

from jaxgan.config.check import defaults_of, flat
from jaxgan.config.defaults import fields
from jaxgan.config.field import Scheduled
from jaxgan.config.intervals import images_a_step
from jaxgan.game.schedules import Schedule, parse

ONLY_WITH = {  # field -> (another field, the value of that one with which it counts)
    "augmentation.std": ("augmentation.name", "instance_noise"),
    "augmentation.probability": ("augmentation.name", "ada"),
}


def schedules(config: ConfigDict) -> dict[str, Schedule]:
    """Return the schedules that have an effect, by field."""
    values = dict(flat(config))
    kinds = {path: field.type for path, field in fields(defaults_of(config))}
    found = {}
    for path, value in values.items():
        other, needed = ONLY_WITH.get(path, ("", None))
        if kinds[path] is Scheduled and isinstance(value, str) and values.get(other) == needed:
            found[path] = parse(value)
    return found


def scheduled(config: ConfigDict, step: int) -> dict[str, float]:
    """Return their values at a training step, counted from 1, as {"schedule/penalty.weight":
    value}."""
    seen = float((step - 1) * images_a_step(config))
    return {f"schedule/{path}": float(at(seen)) for path, at in schedules(config).items()}
