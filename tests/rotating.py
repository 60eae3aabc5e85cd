"""Long lists of cases: the first stage runs a few, which rotate with every change; `--slow` all."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

PACKAGE = Path(__file__).parents[1] / "jaxgan"


def rotating(cases: Sequence[Any], count: int) -> list[Any]:
    """Return the cases as pytest parameters: slow, but for `count` that the code's hash chooses."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(path.read_bytes())
    start = int(digest.hexdigest(), 16) % len(cases)
    first = {(start + i * len(cases) // count) % len(cases) for i in range(count)}
    found = []
    for i, case in enumerate(cases):
        values = case if isinstance(case, tuple) else (case,)
        marks = () if i in first else (pytest.mark.slow,)
        found.append(pytest.param(*values, marks=marks, id="-".join(map(str, values))))
    return found
