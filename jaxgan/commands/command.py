"""A command as a value: what it does, its flags, an example; its help and its parser.

--name=value or --name value    a flag; one that is False by default needs no value
--config.FIELD=VALUE            a field of the config, if the command has one
anything else                   an operand, such as MODEL, before or after the flags
"""

import difflib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from jaxgan.config import files
from jaxgan.config.field import Field, read_value, refuse_value
from jaxgan.config.overrides import override
from jaxgan.files.desk import local
from jaxgan.files.objects import is_url
from jaxgan.trained.places import place

WORKDIR = Field("", "work directory of the run")
FORCE = Field(False, "replace an existing file of arrays or weights")
# What the help shows after =, if it is more specific than a number or a string.
FORMS = {
    "config": "NAME|FILE.py",
    "workdir": "DIR",
    "output": "FILE",
    "image": "FILE",
    "out": "FOLDER",
}


class UsageError(ValueError):
    """A command line that cannot run; the message says what to write instead."""


def no_config(values: SimpleNamespace) -> ConfigDict:
    """Refuse a command line without --config."""
    raise UsageError(
        "--config is missing: write --config=NAME|FILE.py, such as --config=quickstart"
    )


class Command(NamedTuple):
    """A command.

    run: the values of a command line -> the exit code. It imports what it needs, so that the help
      of a command starts no devices.
    operands: as the usage line shows them. MODEL may also be written --workdir=MODEL.
    has_config: whether --config and --config.FIELD are flags.
    sections: the sections of the config that it reads; empty for all. Fields of others are refused.
    saved: the values -> the config that is used without --config.
    joins: whether several processes may run it together.
    stopping: the line that it prints when it is interrupted.
    """

    name: str
    does: str
    example: str
    run: Callable[[SimpleNamespace], int]
    operands: str = ""
    flags: Mapping[str, Field] = MappingProxyType({})
    has_config: bool = False
    sections: Sequence[str] = ()
    saved: Callable[[SimpleNamespace], ConfigDict] = no_config
    joins: bool = False
    uses_jax: bool = True
    stopping: str = "stopping"

    @property
    def has_model(self) -> bool:
        return self.operands.startswith("MODEL")

    @property
    def all_flags(self) -> dict[str, Field]:
        """Its own flags, and those for its config and its model."""
        first = {"config": Field("", "a name of `jaxgan configs`, or a file")}
        last = {"workdir": Field("", f"another way to write {self.operands}")}
        return (
            (first if self.has_config else {}) | dict(self.flags) | (last if self.has_model else {})
        )


def help_text(command: Command) -> str:
    """Return what `jaxgan COMMAND --help` prints."""
    usage = f"usage: jaxgan {command.name} {command.operands} [--flag=value ...]"
    lines = [" ".join(usage.split()), "", command.does, ""]
    for name, flag in command.all_flags.items():
        kinds = {bool: "", int: "=N", float: "=X"}
        form = f"={FORMS[name]}" if name in FORMS else kinds.get(flag.type, "=TEXT")
        default = "" if flag.default == "" or flag.type is bool else f" (default: {flag.default})"
        lines.append(f"  --{name}{form}\n        {flag.doc}{default}")
    if command.has_config:
        for section in command.sections or ("",):
            path = f"{section}.FIELD" if section else "FIELD"
            listed = f"jaxgan config {section}".strip()
            lines.append(f"  --config.{path}=VALUE\n        a field; `{listed}` lists all")
    return "\n".join([*lines, "", f"example: {command.example}"])


def parse(command: Command, argv: Sequence[str]) -> SimpleNamespace:
    """Return the values of all flags by name, `operands`, and `model` and `config` if it has them.

    Raises ValueError, with one line.
    """
    flags, operands, fields = _split(command, argv)
    values = SimpleNamespace(**flags, operands=operands)
    if command.has_model:
        values.model = _model(command, values)
    elif operands and not command.operands:
        raise UsageError(f"{operands[0]!r} is not a flag: write --name=value")
    if command.has_config:
        values.config = (
            files.load(values.config) if values.config else ConfigDict(command.saved(values))
        )
        override(values.config, fields)
        for path, _ in fields:
            if command.sections and path.partition(".")[0] not in command.sections:
                read = " and ".join(f"config.{section}" for section in command.sections)
                raise UsageError(
                    f"--config.{path}: jaxgan {command.name} reads {read} only: leave it out"
                )
    return values


def workdir(values: SimpleNamespace) -> Path:
    """Return the path of --workdir, which must be given."""
    if not values.workdir:
        raise UsageError("--workdir is missing: write --workdir=DIR, such as --workdir=runs/first")
    return local(values.workdir).absolute()


def _split(command: Command, argv: Sequence[str]):
    """Return the flags by name, the operands, and (path, text) of the config's fields."""
    flags = command.all_flags
    values: dict[str, Any] = {name: flag.default for name, flag in flags.items()}
    operands: list[str] = []
    fields: list[tuple[str, str]] = []
    words = list(argv)
    while words:
        word = words.pop(0)
        if word[:1] != "-":
            operands.append(word)
            continue
        name, equals, text = word.lstrip("-").partition("=")
        is_field = command.has_config and name.startswith("config.")
        if not is_field and name not in flags:
            raise UsageError(_unknown(command, word))
        if not equals and not is_field and flags[name].type is bool:
            text = "True"
        elif not equals:
            if not words or words[0].startswith("--"):
                raise UsageError(f"--{name} has no value: write --{name}=VALUE")
            text = words.pop(0)
        if is_field:
            fields.append((name.removeprefix("config."), text))
        else:
            values[name] = read_value(f"--{name}", flags[name], text)
            refuse_value(f"--{name}", flags[name], values[name])
            if name in FORMS and name not in ("config", "workdir") and is_url(text):
                raise UsageError(f"--{name}={text}: write a path of this machine, not a URL")
    return values, operands, fields


def _unknown(command: Command, word: str) -> str:
    name = word.lstrip("-").partition("=")[0]
    near = difflib.get_close_matches(name, command.all_flags, 1)
    hint = f"did you mean --{near[0]}? " if near else ""
    return f"{word!r} is not a flag: {hint}jaxgan {command.name} --help lists them"


def _model(command: Command, values: SimpleNamespace) -> Path:
    given = [*values.operands, *([values.workdir] if values.workdir else [])]
    if not given:
        raise UsageError(f"{command.operands} is missing: write it, as in {command.example}")
    if len(given) > 1:
        raise UsageError(f"{given[1]!r} is one {command.operands} too many: write one")
    return place(given[0])
