"""Classes by name, in any case; a misspelt name is answered with the nearest ones."""

import difflib
import operator
from collections.abc import Sequence
from typing import SupportsIndex


def class_id(name: str | SupportsIndex, class_names: Sequence[str]) -> int:
    """Return the number of a class, given its name or number.

    An exact match comes before one in another case, and a name before a number: "7" is the class
    called 7 if there is one.

    Raises:
      ValueError: no such class, with the nearest names; or a number that is not whole.
    """
    count = max(len(class_names), 1)
    if not isinstance(name, str):
        try:
            number = -1 if isinstance(name, bool) else operator.index(name)
        except TypeError:
            number = -1
        if not 0 <= number < count:
            raise ValueError(
                f"class {name!r}: write a whole number from 0 to {count - 1}, or a name"
            )
        return number
    wanted = name.strip().casefold()
    found = [i for i, known in enumerate(class_names) if known == name.strip()]
    found = found or [i for i, known in enumerate(class_names) if known.casefold() == wanted]
    if len(found) > 1:
        raise ValueError(f"class {name!r} is number {' and '.join(map(str, found))}: write one")
    if found:
        return found[0]
    if wanted.isdecimal():
        return class_id(int(wanted), class_names)
    folded = {known.casefold(): known for known in class_names}
    near = difflib.get_close_matches(wanted, folded, n=3, cutoff=0.5)
    near += [f for f in folded if wanted and wanted in f and f not in near][: 3 - len(near)]
    some = ", ".join(repr(folded[f]) for f in near) or f"one of {', '.join(class_names[:10])}"
    raise ValueError(f"no class {name!r}: write {some}, or a number from 0 to {count - 1}")
