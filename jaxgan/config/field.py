"""A field of a config: its default, its meaning, and the values it takes."""

import ast
import math
from collections.abc import Callable
from typing import Any, NamedTuple

LARGEST = 1 << 63  # bound of whole numbers, and of floats written as such


class Scheduled:
    """The type of a field that takes a number, or a schedule as text (game/schedules.py)."""


KINDS = {
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    str: "a string",
    tuple: "a tuple",
    Scheduled: "a number",
}


class Rule(NamedTuple):
    """Which values of the right type a field takes.

    text: completes "write ...". is_complete: the text names every value, so no example is needed.
    """

    text: str
    holds: Callable[[Any], bool]
    is_complete: bool = False


ANY = Rule("", lambda value: True)


class Field(NamedTuple):
    """One field.

    doc: what it means, in which unit, from which paper.
    kind: its type, if that is not the default's. A field whose default is None also takes None.
    """

    default: Any
    doc: str
    rule: Rule = ANY
    kind: type | None = None

    @property
    def type(self) -> type:
        return self.kind or type(self.default)

    @property
    def takes(self) -> str:
        """What may be written, in words."""
        kind = KINDS.get(self.type, self.type.__name__)
        text = self.rule.text or kind
        if text.endswith(" or more"):
            text = f"{kind} of {text}"
        return f"{text}, or None" if self.default is None else text

    @property
    def instead(self) -> str:
        """What may be written, with an example if that helps."""
        has_example = self.default not in (None, "", ()) and self.type is not bool
        needed = has_example and not self.rule.is_complete
        return f"{self.takes}, such as {self.default!r}" if needed else self.takes


def at_least(least: float) -> Rule:
    return Rule(f"{least} or more", lambda value: value >= least)


def all_at_least(least: float, default: tuple) -> Rule:
    """Take a tuple of such numbers, empty only if the default is."""
    is_number = lambda item: isinstance(item, int | float) and not isinstance(item, bool)
    right = lambda item: is_number(item) and item >= least
    holds = lambda value: (bool(value) or not default) and all(map(right, value))
    return Rule(f"a tuple of numbers of {least} or more", holds)


def above(bound: float) -> Rule:
    return Rule(f"a number above {bound}", lambda value: value > bound)


def below_one(least: float = 0.0) -> Rule:
    return Rule(f"a number in [{least:g}, 1)", lambda value: least <= value < 1)


def share() -> Rule:
    return Rule("a share in (0, 1]", lambda value: 0 < value <= 1)


def within(least: float, most: float) -> Rule:
    return Rule(f"a number from {least:.10g} to {most:.10g}", lambda value: least <= value <= most)


def scheduled(rule: Rule, ends: Rule | None = None) -> Rule:
    """Take a number that keeps the rule, or a schedule whose first and last value keep it.

    ends: the rule for these two values, if it is another.
    """

    def holds(value: Any) -> bool:
        if not isinstance(value, str):
            return rule.holds(value)
        from jaxgan.game import schedules  # imports JAX: not for `jaxgan help`

        for end in schedules.ends(value):
            if not (ends or rule).holds(end):
                raise ValueError(f"it reaches {end:g}; write {(ends or rule).text}")
        return True

    return Rule(f"{rule.text}, or a schedule, 'cosine(start, end, images)'", holds)


def one_of(*choices: Any) -> Rule:
    text = f"{', '.join(map(repr, choices[:-1]))} or {choices[-1]!r}"
    return Rule(text, lambda value: value in choices, is_complete=True)


def texts(*choices: str) -> Rule:
    """Take a tuple of strings; with choices, only of these."""
    text = (
        f"a tuple of some of {', '.join(map(repr, choices))}" if choices else "a tuple of strings"
    )
    known = lambda item: isinstance(item, str) and (not choices or item in choices)
    return Rule(text, lambda value: all(map(known, value)))


def sizes(count: int = 0) -> Rule:
    """Take a tuple of positive whole numbers; with a count, exactly this many."""
    one = lambda item: isinstance(item, int) and not isinstance(item, bool) and item > 0
    right = lambda value: (not count or len(value) == count) and all(map(one, value))
    return Rule(f"a tuple of {count or ''} whole numbers above 0".replace("  ", " "), right)


def numbers(above: float, most: float) -> Rule:
    """Take a tuple of numbers x with above < x <= most."""
    one = lambda item: is_a(item, float) and above < item <= most
    text = f"a tuple of numbers above {above:g} and at most {most:.3g}"
    return Rule(text, lambda value: all(map(one, value)))


def _is_size(value: Any) -> bool:
    return 1 <= len(value) <= 3 and sizes().holds(value)


SIZE = Rule(
    "(height, width), such as (64, 64); of waves (samples,), of volumes and clips three numbers",
    _is_size,
    is_complete=True,
)


def refuse_value(path: str, field: Field, value: Any) -> None:
    """Raise ValueError, with path, value and what to write instead, unless the field takes the
    value."""
    if value is None and field.default is None:
        return
    try:
        takes = is_a(value, field.type) and field.rule.holds(value)
    except ValueError as error:  # what is wrong with a schedule
        raise ValueError(f"{_given(path, value)}: {error}") from None
    if not takes:
        raise ValueError(f"{_given(path, value)}: write {field.instead}")


def _given(path: str, value: Any) -> str:
    """Return what was given, as a line of Python, or as a flag if the path is one."""
    return f"{path}={str(value)[:80]}" if path.startswith("--") else f"{path} = {short(value)}"


def short(value: Any) -> str:
    """Return a value as Python writes it, in one line of at most 80 characters."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else f"{text[:77]}..."


def is_a(value: Any, kind: type) -> bool:
    """Return whether a value has a type; True is not a number, and numbers are finite and fit in 64
    bits."""
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool
    if isinstance(value, int) and not -LARGEST <= value < LARGEST:
        return False
    if kind is Scheduled and isinstance(value, str):
        return True
    if kind in (float, Scheduled):
        return isinstance(value, int | float) and math.isfinite(value)
    return isinstance(value, kind)


def read_value(path: str, field: Field, text: str) -> Any:
    """Convert a string from the command line to a value of the field's type.

    Tuples are written as in Python, (64, 64) or ('fd', 'is'), or with commas alone: fd,is. Raises
    ValueError, with one line.
    """
    try:
        return _read(text.strip(), field.type, field.default is None)
    except (ValueError, KeyError, MemoryError, RecursionError):
        raise ValueError(f"{_given(path, text)}: write {field.instead}") from None


def _read(text: str, kind: type, is_optional: bool) -> Any:
    if is_optional and text in ("None", "none"):
        return None
    if kind is bool:
        return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
    if kind in (int, float):
        return kind(text)
    if kind is Scheduled:
        try:
            return float(text)
        except ValueError:
            return text
    if kind is not tuple:
        return text
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        value = tuple(part.strip() for part in text.strip("()").split(",") if part.strip())
    return tuple(value) if isinstance(value, tuple | list) else (value,)
