"""The numbers of a run in a project of Weights & Biases (`train.wandb`), where asked for."""

import importlib.util
import json
import secrets
from pathlib import Path
from typing import Any

from jaxgan.files import atomic


def check_project(project: str) -> None:
    """Refuse a project of Weights & Biases where its package is not installed."""
    if project and importlib.util.find_spec("wandb") is None:
        raise ValueError(
            f"train.wandb = {project!r} needs the package wandb: pip install wandb, or write ''"
        )


def open_project(project: str, workdir: Path) -> Any:
    """Return a run of Weights & Biases, the same one each time for a work directory."""
    import wandb

    path = workdir / "wandb_id.txt"
    if not path.exists():
        atomic.write_text(path, secrets.token_hex(8))
    config = json.loads((workdir / "config.json").read_text("utf-8"))
    return wandb.init(
        project=project,
        id=path.read_text("utf-8"),
        name=workdir.name,
        resume="allow",
        dir=workdir,
        config=config,
    )
