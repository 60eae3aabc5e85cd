"""Generators on the Hugging Face Hub: hf://OWNER/NAME, or hf://OWNER/NAME@REVISION.

Nothing in a repository can run code: its config may name modules of jaxgan only, none of your own.

It needs the extra `hub`. Access rights are up to huggingface_hub: `hf auth login`. What is
published is in push.py.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from jaxgan.files.errors import one_line
from jaxgan.files.tensors import read_tensors

REFERENCE = re.compile(r"hf://([\w.-]+/[\w.-]+?)(?:@([\w.-]+))?")
# Fields that may name modules.
OWN = {"model": "name", "objective": "name", "data": "medium", "evaluate": "extractor"}


class Repository(NamedTuple):
    """A repository on the Hub."""

    name: str  # OWNER/NAME
    revision: str | None = None


def repository(reference: str) -> Repository:
    """Return what hf://OWNER/NAME@REVISION names. Raises ValueError."""
    found = REFERENCE.fullmatch(reference)
    if found is None:
        raise ValueError(f"{reference}: write hf://OWNER/NAME, or hf://OWNER/NAME@REVISION")
    return Repository(found[1], found[2])


def downloaded(reference: str, name: str) -> Path:
    """Return a repository's file of a generator, from the cache if it is there.

    Raises ValueError if there is none, or if its config asks for a module outside jaxgan.
    """
    wanted = repository(reference)
    with answered(reference) as hub:
        file = hub.hf_hub_download(wanted.name, name, revision=wanted.revision)
    refuse_foreign_modules(Path(file), reference)
    return Path(file)


def refuse_foreign_modules(file: Path, reference: str) -> None:
    """Raise ValueError if opening a file would import a module from outside jaxgan."""
    config = json.loads(read_tensors(file)[1].get("config", "{}"))
    named = [(f"{s}.{field}", config.get(s, {}).get(field, "")) for s, field in OWN.items()]
    named += [("terms", name) for name in config.get("terms", ())]
    for field, name in named:
        if "." in str(name) or ":" in str(name):
            raise ValueError(
                f"{reference}: {field} = {name!r} is code that jaxgan does not bring: if you trust "
                f"it, download {file.name} yourself and write its path"
            )


@contextmanager
def answered(reference: str) -> Iterator[ModuleType]:
    """Yield huggingface_hub; turn its refusals into one line."""
    try:
        import huggingface_hub
        from huggingface_hub import errors
    except ImportError as error:
        raise ValueError(
            f"{reference} needs huggingface_hub: pip install huggingface_hub"
        ) from error
    refusals = (errors.HTTPError, errors.EntryNotFoundError, errors.HFValidationError)
    refusals += (errors.LocalTokenNotFoundError, errors.OfflineModeIsEnabled)
    try:
        yield huggingface_hub
    except errors.RepositoryNotFoundError as error:
        raise ValueError(f"{reference}: no such repository, or none that you may read") from error
    except refusals as error:
        raise ValueError(f"{reference}: {one_line(error)}") from error
