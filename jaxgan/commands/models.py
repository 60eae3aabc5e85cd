"""jaxgan models: the generators that come with jaxgan."""

from types import SimpleNamespace

from jaxgan.commands.command import Command, UsageError
from jaxgan.trained.places import CARD, WEIGHTS, shipped, summary


def run(values: SimpleNamespace) -> int:
    known = shipped()
    for name in values.operands:
        if name not in known:
            raise UsageError(f"{name}: no model of this name; write one of {', '.join(known)}")
        print((known[name] / CARD).read_text("utf-8").rstrip())
    if not values.operands:
        wide = max(map(len, known), default=0)
        for name, folder in known.items():
            size = (folder / WEIGHTS).stat().st_size / 1e6
            print(f"{name:{wide}}  {summary(folder)} ({size:.1f} MB)")
    return 0


COMMAND = Command(
    "models",
    "List the generators that come with jaxgan, or show the card of NAME: data, licence, recipe,\n"
    "scores and limits. Every command that takes a MODEL takes such a name.",
    "jaxgan models fashion",
    run,
    "[NAME ...]",
    uses_jax=False,
)
