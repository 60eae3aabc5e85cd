"""Weights of an objective's parts, and other fields of its config that are 0 or more."""

from ml_collections import ConfigDict


def weights_of(config: ConfigDict, *names: str) -> dict[str, float]:
    """Return fields of an objective's config by name; ValueError for one below 0.

    >>> weights_of(ConfigDict({"name": "spade", "features": 10.0, "kl": 0.05}), "features", "kl")
    {'features': 10.0, 'kl': 0.05}
    """
    found = {name: config[name] for name in names}
    for name, weight in found.items():
        if weight < 0:
            raise ValueError(f"objective.{name} = {weight}: write 0 or more")
    return found
