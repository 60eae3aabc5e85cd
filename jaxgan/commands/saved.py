"""The saved config of a model, for the commands that take a model."""

from types import SimpleNamespace

from ml_collections import ConfigDict


def saved_config(values: SimpleNamespace) -> ConfigDict:
    """Return the config of MODEL, a run's directory or an exported file."""
    from jaxgan.trained.load import model_config

    return model_config(values.model)
