"""The numbers of a run in an experiment tracker, for each one whose field names a project.

    train.wandb     Weights & Biases
    train.trackio   Trackio
    train.mlflow    MLflow: the name of an experiment

Without these fields the packages are not imported; several may be set at once. A continued run
continues as the same run there: its identifier is kept in TRACKER_id.txt in the work directory.
"""

import importlib.util
import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from jaxgan.files import atomic

Numbers = dict[str, float]


class Tracker(NamedTuple):
    """An open run in a tracker."""

    log: Callable[[Numbers, int], Any]  # numbers by name, and their step
    finish: Callable[[], Any]


def wandb(project: str, workdir: Path, settings: dict[str, Any]) -> Tracker:
    """Open a run in Weights & Biases."""
    import wandb

    path = workdir / "wandb_id.txt"
    if not path.exists():
        atomic.write_text(path, secrets.token_hex(8))
    run = wandb.init(
        project=project,
        id=path.read_text("utf-8"),
        name=workdir.name,
        resume="allow",
        dir=workdir,
        config=settings,
    )
    return Tracker(lambda numbers, step: run.log(numbers, step=step), run.finish)


def trackio(project: str, workdir: Path, settings: dict[str, Any]) -> Tracker:
    """Open a run in Trackio."""
    import trackio

    path = workdir / "trackio_id.txt"  # Trackio identifies runs by name
    if not path.exists():
        atomic.write_text(path, f"{workdir.name}-{secrets.token_hex(4)}")
    name = path.read_text("utf-8")
    run = trackio.init(project=project, name=name, resume="allow", config=settings)
    return Tracker(lambda numbers, step: run.log(numbers, step=step), run.finish)


def mlflow(experiment: str, workdir: Path, settings: dict[str, Any]) -> Tracker:
    """Open a run in MLflow."""
    from mlflow.tracking import MlflowClient

    client, path = MlflowClient(), workdir / "mlflow_id.txt"
    if not path.exists():
        found = client.get_experiment_by_name(experiment)
        number = found.experiment_id if found else client.create_experiment(experiment)
        run = client.create_run(number, run_name=workdir.name)
        client.log_dict(run.info.run_id, settings, "config.json")
        atomic.write_text(path, run.info.run_id)
    run = path.read_text("utf-8")
    client.update_run(run, "RUNNING")

    def log(numbers: Numbers, step: int) -> None:
        for name, value in numbers.items():
            client.log_metric(run, name, value, step=step)

    return Tracker(log, lambda: client.set_terminated(run))


TRACKERS = {"wandb": wandb, "trackio": trackio, "mlflow": mlflow}


def check_trackers(train: ConfigDict) -> None:
    """Raise ValueError for a tracker whose package is not installed. train: the config's
    section."""
    for name in TRACKERS:
        if train[name] and importlib.util.find_spec(name) is None:
            raise ValueError(
                f"train.{name} = {train[name]!r} needs the package {name}: pip install {name}, or "
                "write ''"
            )


def open_trackers(train: ConfigDict, workdir: Path) -> list[Tracker]:
    """Open each tracker that the config's section `train` names, for the run in `workdir`."""
    settings = json.loads((workdir / "config.json").read_text("utf-8"))
    return [opened(train[n], workdir, settings) for n, opened in TRACKERS.items() if train[n]]
