"""jaxgan doctor: find what would go wrong in a training before it does."""

from pathlib import Path
from types import SimpleNamespace

from jaxgan.commands.command import Command, UsageError
from jaxgan.config.field import Field, at_least
from jaxgan.files.objects import is_url


def run(values: SimpleNamespace) -> int:
    if is_url(values.workdir):
        raise UsageError(
            f"--workdir={values.workdir}: leave it out: the space in a store is not looked at"
        )
    from jaxgan.planning.doctor import doctor

    return doctor(values.config, Path(values.workdir).absolute(), values.steps)


COMMAND = Command(
    "doctor",
    "Read every image, compile and time the step: find what would go wrong, before it does.",
    "jaxgan doctor --config=quickstart",
    run,
    flags={
        "workdir": Field("runs", "work directory of the planned run"),
        "steps": Field(3, "training steps to time; 0: compile nothing", at_least(0)),
    },
    has_config=True,
)
