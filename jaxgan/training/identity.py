"""What identifies the data of a run, wherever it is stored: compared when a run continues.

The manifest of a data set made by `jaxgan prepare` holds a hash of all its records. For others, it
is the number of records and a hash of some, evenly spread: reading all of a large one takes hours.

"order" is the version of the order of records (data/order.py). A work directory written before
there was a second version has none; it is then 1.
"""

import hashlib

import numpy as np

from jaxgan.data import order
from jaxgan.data.records import Records

LOOKED_AT = 64  # records hashed without a manifest


def identity(records: Records) -> dict[str, str | int]:
    """Return the number, order and content hash of the records; paths do not matter."""
    facts = {"records": len(records), "order": order.version(len(records))}
    manifest = records.manifest()
    if manifest:
        return facts | {"content_hash": manifest["content_hash"]}
    places = np.unique(np.linspace(0, len(records) - 1, LOOKED_AT).astype(int))
    digest = hashlib.sha256()
    for image, label in records.read(places):
        digest.update(hashlib.sha256(image).digest() + label.to_bytes(8, "little"))
    return facts | {"sampled_hash": digest.hexdigest()}
