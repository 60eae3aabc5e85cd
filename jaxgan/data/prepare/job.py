"""The state of an unfinished `jaxgan prepare`, in TARGET/.prepare: what it makes, and a lock.

job.json            source, settings, and the image format that was determined from them
staged-00000.*      encoded images: see `staging.py`
shard-00000.json    the report of a finished shard
lock                held while a process writes

A target is stale if source or settings differ. The source counts as changed if a name, a label, a
class, or the size or modification time of a file has changed.
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
REMEDY = "delete it or write another target"


def finished(target: Path, settings: dict, source: dict) -> dict | None:
    """Return the manifest if the target is what this job would make; None if it is not finished.

    Raises ValueError if it is finished, but by another job or from a source that has changed since.
    """
    if (target / JOB / JSON).exists() or not all((target / n).exists() for n in (INFO, MANIFEST)):
        return None
    manifest = _read(target / MANIFEST)
    change = difference(manifest, settings, source)
    if change:
        raise ValueError(f"{target} holds a data set made with {change}; {REMEDY}")
    held = sum(path.stat().st_size for path in target.glob("*.array_record-*-of-*"))
    if held != manifest["num_bytes"]:
        raise ValueError(
            f"{target}: its shards hold {held} bytes, not the {manifest['num_bytes']} written; "
            f"{REMEDY}"
        )
    shutil.rmtree(target / JOB, ignore_errors=True)  # left by a run that was killed at its very end
    return manifest


def interrupted(target: Path, settings: dict, source: dict) -> dict | None:
    """Return the job that was interrupted here; None if there is none.

    Raises ValueError if it is another job, or if the target holds anything else.
    """
    if (target / JOB / JSON).exists():
        job = _read(target / JOB / JSON)
        change = difference(job, settings, source)
        if change:
            raise ValueError(f"{target} holds unfinished work with {change}; {REMEDY}")
        return job
    if target.exists() and (not target.is_dir() or any(p.name != JOB for p in target.iterdir())):
        raise ValueError(f"{target} exists and holds something else; {REMEDY}")
    return None


def difference(found: dict, settings: dict, source: dict) -> str | None:
    """Return how a job or a manifest differs from these settings and this source; None if it does
    not."""
    settings, source = json.loads(json.dumps([settings, source]))  # tuples become lists
    before, old = found.get("settings", {}), found.get("source", {})
    other = [f"{k} = {before.get(k)}, now {v}" for k, v in settings.items() if before.get(k) != v]
    if other:
        return f"other settings ({'; '.join(other)})"
    changes = {
        "name": "another source ({0}, now {1})",
        "num_files": "another number of images ({0}, now {1})",
        "listing": "other image names, labels or classes than the source has now",
        "stamp": "files that have changed since (the names are the same; sizes or times are not)",
    }
    for key, text in changes.items():
        if old.get(key) != source[key]:
            return text.format(old.get(key), source[key])
    return None


@contextlib.contextmanager
def locked(target: Path, job: dict) -> Iterator[Path]:
    """Hold the target's job folder for this process; it is removed at the end if all went well."""
    folder = target / JOB
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ValueError(f"{target}: another `jaxgan prepare` is writing there") from error
        for held in (target, folder):
            atomic.sweep(held, abandoned=0.0)  # nobody else writes here
        write_json(folder / JSON, job)
        yield folder
        (folder / JSON).unlink()  # first: once it is gone, the target counts as complete
        shutil.rmtree(folder)


def _read(path: Path) -> dict:
    try:
        return dict(json.loads(path.read_text("utf-8")).items())
    except (ValueError, AttributeError) as error:
        raise ValueError(f"{path} is damaged ({error}); {REMEDY}") from error
