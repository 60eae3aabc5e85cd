"""Environments by the name that objective.environment and `jaxgan prepare --environment` take."""

import importlib

from jaxgan.environments import cartpole, pendulum
from jaxgan.environments.environment import Environment

KNOWN = {"pendulum": pendulum.environment, "cartpole": cartpole.environment}


def environment(name: str, field: str = "objective.environment") -> Environment:
    """Return an environment of jaxgan, or one from your own module, package.module, which has a
    function `environment()`.

    field: the field that holds the name, for messages. Raises ValueError for an unknown name.
    """
    if name in KNOWN:
        return KNOWN[name]()
    known = f"write {' or '.join(map(repr, KNOWN))}, or package.module of your own"
    if "." not in name:
        raise ValueError(f"{field} = {name!r}: {known}")
    try:
        found = importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ValueError(f"{field} = {name!r}: {error}; {known}") from error
    if not hasattr(found, "environment"):
        raise ValueError(f"{field} = {name!r}: it has no function environment(); {known}")
    return found.environment()
