"""jaxgan evaluate: scores of a generator or a folder of images."""

from types import SimpleNamespace

from ml_collections import ConfigDict

from jaxgan.commands.command import Command
from jaxgan.config.field import Field, at_least
from jaxgan.files.desk import push

FLAGS = {
    "output": Field("", "directory for the results; by default the run's own, or evaluation"),
    "truncation": Field("", "a curve over truncations FROM:TO:STEP, such as 0.04:2.0:0.04"),
    "length": Field("", "a curve over lengths of the average FROM:TO:STEP, such as 0.02:0.2:0.02"),
    "follow": Field(False, "score each checkpoint of a training as it appears"),
    "patience": Field(
        3600, "with --follow: seconds without a new checkpoint after which it ends", at_least(0)
    ),
    "table": Field(False, "print the existing results; compute nothing"),
}


def run(values: SimpleNamespace) -> int:
    from jaxgan.evaluate.command import Options, evaluate

    options = Options(**{name: getattr(values, name) for name in FLAGS})
    try:
        return evaluate(values.model, values.config, options)
    finally:
        push(values.model)


def saved(values: SimpleNamespace) -> ConfigDict:
    from jaxgan.evaluate.models import known_config

    return known_config(values.model)


COMMAND = Command(
    "evaluate",
    "Score a generator or a folder of images against real images, as config.evaluate says, and\n"
    "add a line to results.jsonl.",
    "jaxgan evaluate runs/quickstart --config.evaluate.metrics=fd,is,copies",
    run,
    "MODEL|FOLDER",
    FLAGS,
    has_config=True,
    sections=("evaluate", "sample", "data"),
    saved=saved,
    joins=True,
)
