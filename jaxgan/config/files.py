"""Config files: Python with a function `get_config() -> ConfigDict`, by path or by name.

    --config=configs/mine.py        a file
    --config=configs/mine.py:TEXT   the same, calling get_config("TEXT")
    --config=quickstart             one that comes with jaxgan; `jaxgan configs` lists them

Configs are locked, so setting a field that does not exist fails at that line of the file.
"""

import ast
import difflib
import inspect
import linecache
import re
import traceback
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from ml_collections import ConfigDict

import jaxgan
from jaxgan.config.check import check_fields
from jaxgan.config.field import KINDS


class ConfigFileError(ValueError):
    """A config file that returns no config; the message names the place and what to write."""


def shipped() -> dict[str, Path]:
    """Return the config files that come with jaxgan, by name."""
    package = Path(jaxgan.__file__).parent
    installed = package / "configs"  # in a checkout they are beside the package
    folder = installed if installed.is_dir() else package.parent / "configs"
    return {path.stem: path for path in sorted(folder.glob("*.py")) if path.stem != "__init__"}


def first_line(path: Path) -> str:
    """Return the first line of a config file's docstring, without running the file."""
    doc = ast.get_docstring(ast.parse(path.read_bytes())) or ""
    return doc.partition("\n")[0]


def load(reference: str) -> ConfigDict:
    """Return the config of a reference, NAME or PATH.py, with :ARGUMENT if get_config takes one.

    Raises ConfigFileError, with one line.
    """
    path, argument = find(reference)
    get_config = _get_config(path, reference)
    arguments = () if argument is None else (argument,)
    try:
        inspect.signature(get_config).bind(*arguments)
    except TypeError:
        what = "takes no argument" if arguments else "takes an argument"
        form = f"{path}" if arguments else f"{path}:ARGUMENT"
        raise ConfigFileError(
            f"--config={reference}: get_config {what}: write --config={form}"
        ) from None
    try:
        config = get_config(*arguments)
    except (Exception, SystemExit) as error:
        raise ConfigFileError(_said(path, error)) from error
    if not isinstance(config, ConfigDict):
        raise ConfigFileError(
            f"{path}:{_line(get_config)}: get_config returns {_a(config)}: return a ConfigDict, as "
            "default_config() of jaxgan gives it"
        )
    try:
        check_fields(config)
    except ValueError as error:
        raise ConfigFileError(f"{path}: {error}") from error
    return config


def find(reference: str) -> tuple[Path, str | None]:
    """Return the file that a reference names, and its argument, if any."""
    known = shipped()
    stem, is_file, argument = reference.partition(".py")
    if is_file and argument[:1] in ("", ":"):
        path = Path(f"{stem}.py")
        if not path.is_file():
            near = difflib.get_close_matches(path.stem, known, 1)
            hint = f": did you mean --config={near[0]}, which comes with jaxgan?" if near else ""
            raise ConfigFileError(f"--config={reference}: no such file in {Path.cwd()}{hint}")
        return path, argument[1:] or None
    name, _, argument = reference.partition(":")
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise ConfigFileError(
            f"--config={reference}: no config of this name; {hint}write one that "
            "`jaxgan configs` lists, or a file FOLDER/NAME.py"
        )
    return known[name], argument or None


def _get_config(path: Path, reference: str) -> Any:
    """Run a file; return its get_config."""
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    try:
        code: CodeType = compile(path.read_bytes(), str(path), "exec")
        exec(code, module.__dict__)
    except (SyntaxError, ValueError) as error:
        if isinstance(error, SyntaxError) and error.filename == str(path):
            text = (error.text or "").strip()
            raise ConfigFileError(f"{path}:{error.lineno}: {error.msg}: {text}") from error
        raise ConfigFileError(_said(path, error)) from error
    except (Exception, SystemExit) as error:
        raise ConfigFileError(_said(path, error)) from error
    get_config = getattr(module, "get_config", None)
    if not callable(get_config):
        raise ConfigFileError(
            f"--config={reference}: {path} has no function get_config: write "
            "`def get_config():`, which returns a ConfigDict"
        )
    return get_config


def _said(path: Path, error: BaseException) -> str:
    """Return an error in a config file as one line: file, line number, source text, what is
    wrong."""
    places = [p for p in traceback.extract_tb(error.__traceback__) if p.filename == str(path)]
    if not places:
        return f"{path}: {_reason(error)}"
    place = places[-1]
    first = place.lineno or 0
    last = place.end_lineno or first
    text = " ".join(linecache.getline(str(path), n).strip() for n in range(first, last + 1))
    shown = "" if text.startswith("raise ") else f" `{text[:120]}`:"
    return f"{path}:{first}:{shown} {_reason(error)}"


def _reason(error: BaseException) -> str:
    while error.args and isinstance(error.args[0], Exception):  # ml_collections wraps them
        error = error.args[0]
    text = str(error.args[0]) if error.args else str(error)
    if found := re.search(r'Key "(\w+)" does not exist', text):
        return f"the config has no field {found[1]!r}{_hint(text)}"
    if found := re.match(r"'(\w+)'\n?", text) if isinstance(error, KeyError) else None:
        return f"the config has no field {found[1]!r}{_hint(text)}"
    if found := re.search(r"field '(\w+)'.*type <class '(\w+)'> .* type <class '(\w+)'>", text):
        kinds = {kind.__name__: words for kind, words in KINDS.items()}
        return f"{found[1]!r} takes {kinds.get(found[3])}, not {kinds.get(found[2], found[2])}"
    line = (text.splitlines() or [""])[0]
    return line if type(error) is ValueError else f"{type(error).__name__}: {line}"


def _hint(text: str) -> str:
    found = re.search(r'Did you mean "(\w+)"', text)
    return f"; did you mean {found[1]!r}?" if found else ""


def _line(function: Any) -> int:
    return inspect.unwrap(function).__code__.co_firstlineno


def _a(value: Any) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"
