"""Values that change during training, as functions of the number of real images seen.

    linear(start, end, images, after=0)    `start` for `after` images, then a line to `end`
    cosine(start, end, images, after=0)    the same along half a cosine
    halving(start, images)                 `start`, halved after every `images`
    ramp_up(end, images)                   linear(0, end, images)

All but `halving` stay at `end` afterwards. A config's field is a number, or such a call as text:

    config.generator.learning_rate = "cosine(2e-4, 5e-5, images=2e7)"

Images seen are counted over the discriminator's turns, steps x batch x num_d_steps, so a schedule
does not depend on the batch size. A step uses the value at the images seen *before* it. Values are
float32.
"""

import ast
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

Images = jax.Array | float  # a Python number is evaluated by NumPy: no device is started
Schedule = Callable[[Images], Any]  # images seen -> value, float32
Value = float | Callable[[jax.Array], jax.Array]  # a number, or a function of the step's number


def linear(start: float, end: float, images: float, after: float = 0.0) -> Schedule:
    """Return a line from `start` to `end` over `images`, after `after` images.

    >>> schedule = linear(1.0, 0.0, images=100, after=50)
    >>> [float(schedule(n)) for n in (0, 50, 75, 150, 999)]
    [1.0, 1.0, 0.75, 0.0, 0.0]
    """
    _refuse(images=images, after=after)
    return lambda seen: start + (end - start) * _share(seen, images, after)


def cosine(start: float, end: float, images: float, after: float = 0.0) -> Schedule:
    """Return half a cosine from `start` to `end` over `images`, after `after` images.

    >>> schedule = cosine(3.0, 1.0, images=100)
    >>> [round(float(schedule(n)), 4) for n in (0, 25, 50, 100, 999)]
    [3.0, 2.7071, 2.0, 1.0, 1.0]
    """
    _refuse(images=images, after=after)

    def value(seen: Images) -> Any:
        angle = math.pi * _share(seen, images, after)
        return end + (start - end) * 0.5 * (1.0 + _numpy(seen).cos(angle))

    return value


def halving(start: float, images: float) -> Schedule:
    """Return `start`, halved after every `images`.

    >>> [float(halving(8.0, images=100)(n)) for n in (0, 99, 100, 350)]
    [8.0, 8.0, 4.0, 1.0]
    """
    _refuse(images=images)

    def value(seen: Images) -> Any:
        xp = _numpy(seen)
        return start * xp.exp2(-xp.floor(xp.asarray(seen, np.float32) / np.float32(images)))

    return value


def ramp_up(end: float, images: float) -> Schedule:
    """Return a line from 0 to `end` over `images`.

    >>> float(ramp_up(5.0, images=100)(20))
    1.0
    """
    return linear(0.0, end, images)


SCHEDULES: dict[str, Callable[..., Schedule]] = {
    "linear": linear,
    "cosine": cosine,
    "halving": halving,
    "ramp_up": ramp_up,
}


def _share(seen: Images, images: float, after: float) -> Any:
    xp = _numpy(seen)
    past = xp.asarray(seen, np.float32) - np.float32(after)
    return xp.clip(past / np.float32(images), np.float32(0), np.float32(1))


def _numpy(seen: Images) -> Any:
    return jnp if isinstance(seen, jax.Array) else np


def _refuse(images: float, after: float = 0.0) -> None:
    if images <= 0:
        raise ValueError(f"images={images:g}: a schedule ends after it begins; write above 0")
    if after < 0:
        raise ValueError(f"after={after:g}: write 0 or more images")


def parse(text: str) -> Schedule:
    """Return the schedule that a text calls for. Raises ValueError, saying what is wrong with
    it."""
    name, numbers, named = _call(text)
    try:
        return SCHEDULES[name](*numbers, **named)
    except TypeError:  # too few or too many numbers, or an unknown argument
        raise ValueError(f"write the numbers of {_signature(name)}") from None


def ends(text: str) -> tuple[float, float]:
    """Return a schedule's value at 0 images and its limit."""
    schedule = parse(text)
    return float(schedule(0.0)), float(schedule(math.inf))


def _call(text: str) -> tuple[str, list[float], dict[str, float]]:
    """Return a call's name, positional numbers and named numbers."""
    wrong = f"write a number, or a schedule: {', '.join(map(_signature, SCHEDULES))}"
    try:
        call = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ValueError(wrong) from None
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
        raise ValueError(wrong)
    if call.func.id not in SCHEDULES:
        raise ValueError(f"there is no schedule {call.func.id!r}: {wrong}")
    try:
        numbers = [_number(node) for node in call.args]
        return call.func.id, numbers, {str(k.arg): _number(k.value) for k in call.keywords}
    except (ValueError, TypeError, OverflowError):
        raise ValueError(f"write the numbers of {_signature(call.func.id)}") from None


def _number(node: ast.expr) -> float:
    value: Any = ast.literal_eval(node)
    if isinstance(value, bool) or not math.isfinite(value):
        raise ValueError
    return float(value)


def _signature(name: str) -> str:
    takes = SCHEDULES[name].__code__
    return f"{name}({', '.join(takes.co_varnames[: takes.co_argcount])})"


def of_images(value: float | str, factor: float = 1.0) -> float | Schedule:
    """Return a config's value times `factor`: a number, or a function of images seen."""
    if not isinstance(value, str):
        return value * factor
    schedule = parse(value)
    return schedule if factor == 1.0 else lambda seen: schedule(seen) * factor


def of_steps(value: float | str, images: int, factor: float = 1.0) -> Value:
    """Return a config's value times `factor`: a number, or a function of a counter that increases
    by one every `images` images."""
    found = of_images(value, factor)
    if not callable(found):
        return found
    return lambda step: found(step.astype(jnp.float32) * images)


def now(value: Value, step: jax.Array | int) -> Any:
    """Return a value at a step; a number stays a number, so that nothing is computed for it."""
    return value(jnp.asarray(step)) if callable(value) else value
