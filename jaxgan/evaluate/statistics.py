"""Reference features on disk, so that a data set passes through the extractor only once.

The file's name is a hash of everything that decides its content: the images' identity
(`images.identity`), the extractor and its weights' hash, its protocol. If the data changes in
place, so does the name. The file also holds the versions of jaxgan and jax that made it; files of
another version, and damaged ones, are computed again and replaced, with a line that names the file.
If the cache cannot be written, evaluation continues without it, also with a line.

Features are memory-mapped: ImageNet's are 16 GB. Beyond MOST bytes, the least recently used files
are deleted. If several processes extract features together, each writes the file of its machine,
and all compute them again if one of them lacks it.
"""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
from jax.experimental import multihost_utils

import jaxgan
from jaxgan.evaluate.extractors.extractor import Extractor
from jaxgan.evaluate.features import Features
from jaxgan.evaluate.metrics.checks import finite
from jaxgan.files.arrays import mapped_npz, write_npz

ARRAYS = ("mean", "covariance", "features", "logits")
MOST = 64 << 30  # bytes of the cache
ROWS = 4096  # checked at once


def cached_features(
    folder: str | Path,
    content_hash: str,
    extractor: Extractor,
    compute: Callable[[], Features],
    say: Callable[[str], None] = print,
) -> Features:
    """Return the features of a data set, from the cache if possible.

    Args:
      folder: of the cache; created if missing.
      content_hash: `Images.digest`, which covers pixels, labels, size and subset.
      extractor: see extractors/extractor.py.
      compute: called on a miss.
      say: called with a line if the cache cannot be used.
    """
    key = {
        "content": content_hash,
        "extractor": extractor.name,
        "sha256": extractor.sha256,
        "protocol": extractor.protocol,
    }
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
    path = Path(folder) / f"{extractor.name}-{digest[:32]}.npz"
    meta = {**key, "version": jaxgan.__version__, "jax": jax.__version__}
    found = None
    try:
        found = _load(path, meta)
        os.utime(path)  # used now
    except FileNotFoundError:
        pass
    except Exception as error:  # whatever is wrong with the file, it is computed again
        say(f"{path}: {error}; computing the reference features again")
    if everywhere(found is not None):
        assert found is not None
        return found
    found = compute()
    try:
        _save(path, meta, found)
        evict(path.parent, keep=path)
    except OSError as error:
        say(f"{path} cannot be written ({error}): the features are not kept for the next time")
    return found


def everywhere(is_true: bool) -> bool:
    """Return whether it is true in all processes; all must call it."""
    if jax.process_count() == 1:
        return is_true
    return bool(multihost_utils.process_allgather(np.array(is_true)).all())


def evict(folder: Path, keep: Path, most: int = MOST) -> None:
    """Delete the least recently used files, except `keep`, until the others fit into `most`
    bytes."""
    files = sorted(folder.glob("*.npz"), key=lambda file: file.stat().st_mtime, reverse=True)
    held = keep.stat().st_size
    for file in files:
        if file != keep:
            held += file.stat().st_size
            if held > most:
                file.unlink(missing_ok=True)


def _load(path: Path, meta: dict) -> Features:
    arrays = mapped_npz(path)
    stored = json.loads(str(arrays["meta"]))
    if stored != meta:
        theirs, ours = (f"jaxgan {m.get('version')}, jax {m.get('jax')}" for m in (stored, meta))
        raise ValueError(f"made by {theirs}; this is {ours}")
    values = {name: arrays[name] for name in ARRAYS}
    found = Features(count=int(arrays["count"]), labels=arrays.get("labels"), **values)
    for name in ARRAYS:
        for start in range(0, len(getattr(found, name)), ROWS):
            finite(name, getattr(found, name)[start : start + ROWS])
    return found


def _save(path: Path, meta: dict, found: Features) -> None:
    arrays = {name: value for name, value in vars(found).items() if value is not None}
    write_npz(path, {"meta": np.array(json.dumps(meta)), **arrays})
