"""jaxgan compile: what a training step costs, without running it."""

from types import SimpleNamespace

from ml_collections import ConfigDict

from jaxgan.commands.command import Command, no_config, workdir
from jaxgan.config.field import Field, at_least


def run(values: SimpleNamespace) -> int:
    from jaxgan.planning.compile_report import compile_command

    return compile_command(
        values.config,
        values.topology,
        values.slices,
        values.channels,
        values.classes,
        values.json,
        values.code,
    )


def saved(values: SimpleNamespace) -> ConfigDict:
    if not values.workdir:
        return no_config(values)
    from jaxgan.training.run import saved

    return saved(workdir(values))


COMMAND = Command(
    "compile",
    "Compile a training step for TPUs, NVIDIA cards or the local devices, and print what it costs\n"
    "in memory, operations and traffic. Nothing is run.",
    "jaxgan compile --config=biggan_imagenet128 --topology=v5e:8x8",
    run,
    flags={
        "workdir": Field("", "without --config: take the config of this run"),
        "topology": Field("", "devices, such as v5e:8x8, h100 or h100:8; empty: the local ones"),
        "slices": Field(1, "number of TPU slices of this topology", at_least(1)),
        "channels": Field(3, "channels of the images, if the data set is not here", at_least(1)),
        "classes": Field(1000, "number of classes, if the data set is not here", at_least(1)),
        "json": Field("", "file to write the report to, too"),
        "code": Field(
            False,
            "also make a TPU's machine code, to know its size and expected time; ten times slower",
        ),
    },
    has_config=True,
    saved=saved,
)
