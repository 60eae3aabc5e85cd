"""jaxgan report: one page that shows one run or several."""

from pathlib import Path
from types import SimpleNamespace

from jaxgan.commands.command import Command
from jaxgan.config.field import Field
from jaxgan.trained.places import place


def run(values: SimpleNamespace) -> int:
    from jaxgan.report.write import report

    output = Path(values.output) if values.output else None
    return report([place(workdir) for workdir in values.operands], output)


COMMAND = Command(
    "report",
    "Write one page that shows runs, without a server.",
    "jaxgan report runs/first runs/second --output=both.html",
    run,
    "WORKDIR [WORKDIR ...]",
    {"output": Field("", "the page; by default report.html in the first work directory")},
    uses_jax=False,
)
