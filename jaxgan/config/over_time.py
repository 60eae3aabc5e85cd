"""The values of a config's schedules over time, for the log."""

from ml_collections import ConfigDict

from jaxgan.config.check import defaults_of, flat
from jaxgan.config.defaults import fields
from jaxgan.config.field import Scheduled
from jaxgan.config.intervals import images_a_step
from jaxgan.game.schedules import Schedule, parse

ONLY_WITH = {  # field -> (another field, whether it counts with a value of that one)
    "augmentation.std": ("augmentation.name", lambda name: name == "instance_noise"),
    "augmentation.probability": ("augmentation.name", lambda name: name == "ada"),
    "penalty.weight": ("penalty.name", lambda name: name != "none"),
}


def schedules(config: ConfigDict) -> dict[str, Schedule]:
    """Return the schedules that have an effect, by field."""
    values = dict(flat(config))
    kinds = {path: field.type for path, field in fields(defaults_of(config))}
    found = {}
    for path, value in values.items():
        if kinds[path] is not Scheduled or not isinstance(value, str):
            continue
        other, counts = ONLY_WITH.get(path, ("seed", lambda _: True))
        if counts(values[other]):
            found[path] = parse(value)
    return found


def scheduled(config: ConfigDict, step: int) -> dict[str, float]:
    """Return their values at a training step, counted from 1, as {"schedule/penalty.weight":
    value}."""
    seen = float((step - 1) * images_a_step(config))
    return {f"schedule/{path}": float(at(seen)) for path, at in schedules(config).items()}
