"""jaxgan config: the fields of a config."""

import inspect
import re
import textwrap
from types import SimpleNamespace

from ml_collections import ConfigDict

from jaxgan import models
from jaxgan.commands.command import Command, UsageError
from jaxgan.config import default_config, module_named
from jaxgan.config.check import defaults_of, flat, unknown
from jaxgan.config.defaults import fields
from jaxgan.game import objectives


def run(values: SimpleNamespace) -> int:
    print("\n".join(listing(values.config, values.operands)))
    return 0


def listing(config: ConfigDict, wanted: list[str]) -> list[str]:
    """Return lines that describe the wanted fields and sections, or all fields."""
    known, values = dict(fields(defaults_of(config))), dict(flat(config))
    lines = []
    for path in wanted or [""]:
        inside = [p for p in known if not path or p == path or p.startswith(f"{path}.")]
        if not inside:
            raise UsageError(f"{path}: {unknown(path, known)}")
        for found in inside:
            field = known[found]
            lines.append(f"{found} = {values[found]!r}")
            doc = field.doc or comments(config).get(found, "")
            lines += textwrap.wrap(
                f"{field.takes}: {doc}" if doc else field.takes,
                100,
                initial_indent="    ",
                subsequent_indent="    ",
            )
    return lines


def comments(config: ConfigDict) -> dict[str, str]:
    """Return, by path, the comments beside the fields that only one model or objective has."""
    found = {}
    for package, section in ((models, "model"), (objectives, "objective")):
        source = inspect.getsource(module_named(package, section, config[section].name))
        lines = re.findall(r'"(\w+)": .*,  # (.+)', source)
        found |= {f"{section}.{name}": comment for name, comment in lines}
    return found


COMMAND = Command(
    "config",
    "List the fields of a config, or only FIELD or its section: value, what may be written, what\n"
    "it means.",
    "jaxgan config train.batch --config=quickstart",
    run,
    "[FIELD ...]",
    has_config=True,
    saved=lambda _: default_config(),
    uses_jax=False,
)
