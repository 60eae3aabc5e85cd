"""jaxgan train: train, or continue the run in the work directory."""

from types import SimpleNamespace

from jaxgan.commands.command import WORKDIR, Command, workdir
from jaxgan.config.field import Field


def run(values: SimpleNamespace) -> int:
    place = workdir(values)
    from jaxgan.training.train import train

    return train(values.config, place, values.profile)


COMMAND = Command(
    "train",
    "Train, or continue the run in the work directory.",
    "jaxgan train --config=quickstart --workdir=runs/first --config.train.batch=32",
    run,
    flags={
        "workdir": WORKDIR,
        "profile": Field("", "START:STEPS: record these steps for xprof, in WORKDIR/profile"),
    },
    has_config=True,
    joins=True,
    stopping="stopping after this step, which is saved",
)
