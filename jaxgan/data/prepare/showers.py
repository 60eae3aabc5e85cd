"""Showers for `jaxgan prepare FILE TARGET --showers`: an .npz with four arrays of floats, in GeV.

    layer_0 [n, 3, 96], layer_1 [n, 12, 12], layer_2 [n, 12, 6]    energies in the cells, 0 or more
    energy [n] or [n, 1]                                           the particle's, 1 to 100

The public showers of CaloGAN (arXiv 1705.02355) are HDF5 files with arrays of these names, but
cells in MeV: divide those by 1000, and save all with numpy.savez.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from jaxgan.data.prepare.folders import Payload, Source, stamp
from jaxgan.data.records import DAMAGED_ARRAY
from jaxgan.files import limits
from jaxgan.files.errors import one_line
from jaxgan.media.showers import CELLS, ENERGIES, SHAPES, Layers, encoded

NAMES = (*Layers._fields, "energy")


def open_showers(path: Path) -> Source:
    """Open the showers of an .npz. Raises ValueError, with one line on what to write instead."""
    if path.suffix.lower() != ".npz":
        raise ValueError(f"{path}: showers are read from an .npz with {', '.join(NAMES)}")
    try:
        with np.load(path, allow_pickle=False) as file:
            missing = [name for name in NAMES if name not in file]
            found = {} if missing else {name: np.asarray(file[name]) for name in NAMES}
    except DAMAGED_ARRAY as error:
        limits.pass_on(error)
        raise ValueError(f"{path}: cannot be read as npz ({one_line(error)})") from error
    if missing:
        raise ValueError(f"{path}: has no array {missing[0]!r}; write {', '.join(NAMES)}")
    layers = Layers(*(found[name] for name in Layers._fields))
    energies = found["energy"].reshape(-1)
    for name, layer, shape in zip(Layers._fields, layers, SHAPES, strict=True):
        if layer.shape != (len(energies), *shape) or layer.dtype.kind != "f":
            raise ValueError(
                f"{path}: {name} is {layer.dtype} {list(layer.shape)} for {len(energies)} "
                f"energies; write floats [n, {shape[0]}, {shape[1]}]"
            )
        if not (np.isfinite(layer).all() and (layer >= 0).all()):
            raise ValueError(f"{path}: {name} has energies below 0, or not finite; write 0 or more")
    if not len(energies) or not ((energies >= ENERGIES.least) & (energies <= ENERGIES.most)).all():
        raise ValueError(
            f"{path}: energy is not all from {ENERGIES.least:g} to {ENERGIES.most:g} GeV; leave "
            "out the others"
        )
    stored = encoded(layers, energies)

    def read(start: int) -> Iterator[Payload]:
        yield from stored[start:]

    return Source(
        [str(i) for i in range(len(stored))],
        np.zeros(len(stored), np.int32),
        ["showers"],
        read,
        stamp(path),
        shape=(CELLS + 1, 4),
        dtype=np.dtype(np.uint8),
        medium="showers",
        facts={"medium": "showers"},
    )
