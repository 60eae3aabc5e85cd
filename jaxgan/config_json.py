"""A config as JSON, as stored in work directories and exported files."""

import json
from typing import Any

from ml_collections import ConfigDict

from jaxgan.config import default_config


def to_json(config: ConfigDict) -> str:
    """Return a config as text, one field per line."""
    return json.dumps(config.to_dict(), indent=2) + "\n"


def values_from(text: str) -> Any:
    """Return JSON data with lists as tuples, as configs have them. Raises ValueError."""
    return _as_tuples(json.loads(text))


def config_from(text: str) -> ConfigDict:
    """Return a config from its text; fields that the text does not have yet get their defaults.

    Raises ValueError, KeyError or TypeError if the text is not a config.
    """
    values = values_from(text)
    config = default_config(values["model"]["name"], values["objective"]["name"])
    config.update(values)
    return config


def _as_tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_tuples(v) for name, v in value.items()}
    return tuple(_as_tuples(v) for v in value) if isinstance(value, list) else value
