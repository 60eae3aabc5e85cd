"""--config.FIELD=VALUE: fields set on the command line."""

from collections.abc import Iterable

from ml_collections import ConfigDict

from jaxgan.config.check import defaults_of, unknown
from jaxgan.config.defaults import fields
from jaxgan.config.field import read_value, refuse_value, short


def override(config: ConfigDict, given: Iterable[tuple[str, str]]) -> None:
    """Set fields in the given order, so that the last value of a path counts.

    given: (path, text). Raises ValueError, with one line, for a path that is not a field or a text
    that the field does not take.
    """
    given = list(given)
    known = dict(fields(defaults_of(config))) if given else {}
    for path, text in given:
        if path not in known:
            raise ValueError(f"--config.{path}={short(text)[1:-1]}: {unknown(path, known)}")
        value = read_value(path, known[path], text)
        refuse_value(path, known[path], value)
        section, _, name = path.rpartition(".")
        (config[section] if section else config)[name] = value
