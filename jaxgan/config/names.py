"""Modules by name: a model, objective, medium or term of jaxgan, or one of your own."""

import difflib
import importlib
import pkgutil
import traceback
from types import ModuleType

# What a module must define, by the section that names it.
FUNCTIONS = {
    "model": ("default_config", "networks"),
    "objective": ("default_config", "objectives"),
    "medium": ("medium",),
    "term": ("terms",),
}
FIELDS = {
    "model": "model.name",
    "objective": "objective.name",
    "medium": "data.medium",
    "term": "terms",
}


def module_named(package: ModuleType, section: str, name: str) -> ModuleType:
    """Return the module that config.FIELDS[section] names, in `package` or as `package.module`.

    Raises ValueError, with one line, if it does not exist, raises when imported, or does not define
    FUNCTIONS[section].
    """
    field = f"{FIELDS[section]} = {name!r}"
    if name in [m.name for m in pkgutil.iter_modules(package.__path__)]:
        found = importlib.import_module(f"{package.__name__}.{name}")
        if _missing(found, section):
            raise ValueError(f"{field}: write one of {', '.join(_known(package, section))}")
        return found
    if "." not in name or not all(part.isidentifier() for part in name.split(".")):
        known = _known(package, section)
        near = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(
            f"{field}: {hint}write one of {', '.join(known)}, or package.module for your own"
        )
    found = _import(field, name)
    if missing := _missing(found, section):
        raise ValueError(f"{field}: {found.__file__} does not define {' and '.join(missing)}")
    return found


def _import(field: str, name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Exception as error:
        missing = getattr(error, "name", None)
        if isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{missing}."):
            raise ValueError(
                f"{field}: there is no module {missing!r}: write package.module of a file on "
                "PYTHONPATH or in the current folder"
            ) from error
        reason = (str(error).splitlines() or [""])[0]
        raise ValueError(
            f"{field}: importing it raises {type(error).__name__}: {reason}"
            f"{'' if isinstance(error, SyntaxError) else _place(error)}"
        ) from error


def _place(error: BaseException) -> str:
    """Return the innermost line of a file that an error passed through."""
    places = traceback.extract_tb(error.__traceback__)
    found = [place for place in places if not place.filename.startswith("<frozen")]
    return f" ({found[-1].filename}, line {found[-1].lineno})"


def _missing(module: ModuleType, section: str) -> list[str]:
    missing = [name for name in FUNCTIONS[section] if not callable(getattr(module, name, None))]
    if section == "objective" and not isinstance(getattr(module, "NEEDS", None), dict):
        missing.append("NEEDS")
    return missing


def _known(package: ModuleType, section: str) -> list[str]:
    names = [m.name for m in pkgutil.iter_modules(package.__path__)]
    load = lambda name: importlib.import_module(f"{package.__name__}.{name}")
    return sorted(name for name in names if not _missing(load(name), section))
