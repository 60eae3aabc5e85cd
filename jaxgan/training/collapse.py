"""What follows from a sign of collapse: a roll-back, if the config asks for it."""

from typing import Any

from ml_collections import ConfigDict

from jaxgan.report import signs
from jaxgan.training.roll_backs import TrainingFailedError

Line = dict[str, Any]


class CollapseError(TrainingFailedError):
    """The generator has collapsed."""

    section = "watch"


def refuse_collapse(lines: list[Line], found: dict[str, int], config: ConfigDict) -> None:
    """Raise CollapseError for a sign of collapse, if the policy is to roll back.

    lines: of watch.jsonl. found: signs.signs of them. config: the section `watch`.
    """
    collapses = {name: step for name, step in found.items() if signs.RULES[name].is_collapse}
    if collapses and config.policy == "roll_back":
        text = " ".join(signs.warnings(lines, collapses))
        raise CollapseError(text, lines[-1]["step"], before=min(collapses.values()))
