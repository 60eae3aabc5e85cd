"""The state of an unfinished `jaxgan prepare`, in TARGET/.prepare: what it makes, and a lock.

job.json     fingerprint of source and settings, and the image format they were settled to
00000.json   the report of a finished shard
lock         held while a process writes
"""

import contextlib
import fcntl
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from jaxgan.data.prepare.write import INFO, write_json
from jaxgan.data.records import MANIFEST
from jaxgan.files import atomic

JOB, JSON = ".prepare", "job.json"


def is_complete(target: Path, settings: dict, listing: dict) -> bool:
    """Return whether the target is what this job would make."""
    if (target / JOB / JSON).exists() or not all((target / n).exists() for n in (INFO, MANIFEST)):
        return False
    manifest = json.loads((target / MANIFEST).read_text("utf-8"))
    same = json.loads(json.dumps({"source": listing, "settings": settings}))
    return all(manifest.get(key) == value for key, value in same.items())


def read_job(target: Path, fingerprint: str) -> dict | None:
    """Return the job that was interrupted here, None where there is none; else refuse."""
    if (target / JOB / JSON).exists():
        job = json.loads((target / JOB / JSON).read_text("utf-8"))
        if job["fingerprint"] != fingerprint:
            raise ValueError(
                f"{target} holds the unfinished work of another source or other settings; "
                "delete it or write another target"
            )
        return job
    if target.exists() and (not target.is_dir() or any(p.name != JOB for p in target.iterdir())):
        raise ValueError(
            f"{target} exists and holds something else, or a data set of other settings or of "
            "another source; delete it or write another target"
        )
    return None


@contextlib.contextmanager
def locked(target: Path, job: dict) -> Iterator[Path]:
    """Hold the target's job folder for this process; it goes when all went well."""
    folder = target / JOB
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ValueError(f"{target}: another `jaxgan prepare` is writing there") from error
        for held in (target, folder):
            atomic.sweep(held, abandoned=0.0)  # nobody else writes here
        write_json(folder / JSON, job)
        yield folder
        (folder / JSON).unlink()  # first: without it the target counts as complete
        shutil.rmtree(folder)
