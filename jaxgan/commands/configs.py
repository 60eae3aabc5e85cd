"""jaxgan configs: the config files that come with jaxgan."""

from types import SimpleNamespace

from jaxgan.commands.command import Command
from jaxgan.config.files import first_line, shipped


def run(values: SimpleNamespace) -> int:
    found = shipped()
    wide = max(map(len, found), default=0)
    for name, path in found.items():
        print(f"{name:{wide}}  {first_line(path)}")
    return 0


COMMAND = Command(
    "configs",
    "List the configs that come with jaxgan; --config=NAME takes one.",
    "jaxgan configs",
    run,
    uses_jax=False,
)
