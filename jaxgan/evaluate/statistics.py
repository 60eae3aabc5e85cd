"""Reference features on disk, so that a data set is pushed through the extractor once.

The file's name is a hash of everything that decides its content: the data's content hash, the
extractor and its weights' hash, its protocol. Change the data in place and the name changes. The
file also says which version of jaxgan made it; another version's, and damaged ones, are computed
again and replaced, with one line that says so.
"""

import hashlib
import importlib.metadata
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from jaxgan.evaluate.extractors.extractor import Extractor
from jaxgan.evaluate.features import Features
from jaxgan.files.arrays import write_npz
from jaxgan.files.errors import one_line

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
      content_hash: of the images (and of how many are used, if not all).
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
    meta = {**key, "version": importlib.metadata.version("jaxgan")}
    if path.exists():
        try:
            return _load(path, meta)
        except Exception as error:  # whatever is wrong with the file, the answer is the same
            say(f"{path}: {error}; computing the reference features again")
    found = compute()
    try:
        _save(path, meta, found)
    except OSError as error:  # an hour's work may be in them
        say(f"{path} cannot be written ({one_line(error)}): the features are not kept")
    return found


def _load(path: Path, meta: dict) -> Features:
    # Opened here: np.load leaves a damaged file open. Each array's CRC is checked as it is read.
    with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
        stored = json.loads(str(file["meta"]))
        if stored != meta:
            raise ValueError(f"made by jaxgan {stored.get('version')}, this is {meta['version']}")
        labels = file.get("labels")
        return Features(int(file["count"]), *(file[name] for name in ARRAYS), labels)


def _save(path: Path, meta: dict, found: Features) -> None:
    arrays = {name: value for name, value in found._asdict().items() if value is not None}
    write_npz(path, {"meta": np.array(json.dumps(meta)), **arrays})
