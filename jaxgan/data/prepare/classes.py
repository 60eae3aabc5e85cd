"""Numbering and naming of classes."""

from collections.abc import Sequence

import numpy as np


def numbered(words: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Return (labels [n] int32, class names), given the class name of each image.

    Names are sorted: numbers first, by value (9 before 10), then words.
    """
    class_names = sorted(set(words), key=lambda w: (0, int(w), w) if w.isdecimal() else (1, 0, w))
    index = {name: number for number, name in enumerate(class_names)}
    return np.array([index[word] for word in words], np.int32), class_names


def named(
    labels: np.ndarray, known: Sequence[str], names: Sequence[str]
) -> tuple[np.ndarray, list[str]]:
    """Return (labels, class names) under given names, matched by number or by name.

    If the source's own names are numbers, images of class "2" get names[2], whether or not classes
    0 and 1 have images. If they are words, `names` must contain the same words: it gives their
    order, and may add classes without images.

    Args:
      labels: [n] int32 into `known`.
      known: the source's own class names.
      names: the names of the labels 0, 1, ...

    Raises:
      ValueError: too few names, words that are not the source's, or as `checked`.
    """
    names = checked(names)
    if all(name.isdecimal() for name in known):
        numbers = [int(name) for name in known]
        if max(numbers) >= len(names):
            raise ValueError(
                f"{len(names)} class names, but labels go up to {max(numbers)}; write "
                f"{max(numbers) + 1} names, the first one for label 0"
            )
        if len(set(numbers)) < len(numbers):
            raise ValueError(f"classes {', '.join(known[:5])} ... hold one number twice")
    else:
        index = {name: number for number, name in enumerate(names)}
        missing = [name for name in known if name not in index]
        if missing:
            raise ValueError(
                f"class {missing[0]!r} of the source is not among the class names "
                f"{', '.join(map(repr, names[:5]))}; they are matched by name: write the source's "
                "own names in the order that you want, or rename its classes"
            )
        numbers = [index[name] for name in known]
    return np.array(numbers, np.int32)[labels], names


def checked(class_names: Sequence[str]) -> list[str]:
    """Return class names that TFDS can store: distinct, one line each, without outer spaces.

    Raises ValueError for others.
    """
    if not class_names:
        raise ValueError("there are no class names; write one per line")
    seen = set()
    for name in class_names:
        if name in seen:
            raise ValueError(f"class name {name!r} appears twice; write different names")
        seen.add(name)
        if name.splitlines() != [name] or name != name.strip():
            raise ValueError(f"class name {name!r} is empty, has a line break or outer spaces")
    return list(class_names)
