"""Reference features on disk, so that a data set is pushed through the extractor once.

The file's name is a hash of everything that decides its content: the images' identity
(`images.identity`), the extractor and its weights' hash, its protocol. Change the data in place and
the name changes. The file also holds the versions of jaxgan and jax that made it; another version's
files, and damaged ones, are computed again and replaced, with one line that names the file. A cache
that cannot be written is done without, with one line too.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np

import jaxgan
from jaxgan.evaluate.extractors.extractor import Extractor
from jaxgan.evaluate.features import Features
from jaxgan.evaluate.metrics.checks import finite
from jaxgan.files.arrays import write_npz

ARRAYS = ("mean", "covariance", "features", "logits")


def cached_features(
    folder: str | Path,
    content_hash: str,
    extractor: Extractor,
    compute: Callable[[], Features],
    say: Callable[[str], None] = print,
) -> Features:
    """Return the features of a data set, from the cache when it is there.

    Args:
      folder: of the cache; made if missing.
      content_hash: `Images.digest`, which covers pixels, labels, size and subset.
      extractor: see `extractor`.
      compute: called on a miss.
      say: takes the line about a cache that cannot be used.
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
    try:
        return _load(path, meta)
    except FileNotFoundError:
        pass
    except Exception as error:  # whatever is wrong with the file, the answer is the same
        say(f"{path}: {error}; computing the reference features again")
    found = compute()
    try:
        _save(path, meta, found)
    except OSError as error:
        say(f"{path} cannot be written ({error}): the features are not kept for the next time")
    return found


def _load(path: Path, meta: dict) -> Features:
    # Opened here: np.load leaves a damaged file open. Each array's CRC is checked as it is read.
    with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
        stored = json.loads(str(file["meta"]))
        if stored != meta:
            theirs, ours = (
                f"jaxgan {m.get('version')}, jax {m.get('jax')}" for m in (stored, meta)
            )
            raise ValueError(f"made by {theirs}; this is {ours}")
        labels = file.get("labels")
        arrays = {name: file[name] for name in ARRAYS}
        found = Features(count=int(file["count"]), labels=labels, **arrays)
    for name in ARRAYS:
        finite(name, getattr(found, name))
    return found


def _save(path: Path, meta: dict, found: Features) -> None:
    arrays = {name: value for name, value in vars(found).items() if value is not None}
    write_npz(path, {"meta": np.array(json.dumps(meta)), **arrays})
