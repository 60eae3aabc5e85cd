"""Classes by name: forgiving of case, helpful about typing errors."""

import difflib
from collections.abc import Sequence

import numpy as np


def class_id(name: str | int, class_names: Sequence[str]) -> int:
    """Return the number of a class. Raises ValueError with the nearest names."""
    count = max(len(class_names), 1)
    if not isinstance(name, str):
        if not isinstance(name, int | np.integer) or not 0 <= name < count:
            raise ValueError(f"class {name}: write a number from 0 to {count - 1}, or a name")
        return int(name)
    wanted = name.strip().casefold()
    found = [i for i, known in enumerate(class_names) if known.casefold() == wanted]
    if len(found) > 1:
        raise ValueError(f"class {name!r} is number {' and '.join(map(str, found))}: write one")
    if found:
        return found[0]
    if wanted.isdigit():
        return class_id(int(wanted), class_names)
    folded = {known.casefold(): known for known in class_names}
    near = difflib.get_close_matches(wanted, folded, n=3, cutoff=0.5)
    near += [f for f in folded if wanted and wanted in f and f not in near][: 3 - len(near)]
    some = ", ".join(repr(folded[f]) for f in near) or f"one of {', '.join(class_names[:10])}"
    raise ValueError(f"no class {name!r}: write {some}, or a number from 0 to {count - 1}")
