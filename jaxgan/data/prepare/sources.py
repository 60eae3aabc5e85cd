"""Sources of images: folders, archives, arrays and installed TFDS data sets, as one type."""

from pathlib import Path

from jaxgan.data.prepare.archives import open_tar, open_zip
from jaxgan.data.prepare.folders import Source, open_folder
from jaxgan.data.prepare.hdf5 import open_hdf5
from jaxgan.data.prepare.idx import open_idx
from jaxgan.data.prepare.installed import is_installed, open_directory, open_installed
from jaxgan.data.prepare.npz import open_npz


def open_source(path: str | Path, labels: str | Path | None = None, split: str = "train") -> Source:
    """Open images according to what `path` is.

    Args:
      path: a folder of images or of class sub-folders; a .zip or .tar(.gz, .bz2, .xz) of such a
        folder; an .npz, .h5 or .hdf5 file with images and labels; an idx file of images (.gz);
        a directory that TFDS or `jaxgan prepare` made; "tfds:NAME" for an installed TFDS data set.
      labels: for folders and archives, a CSV file of `name,label` lines; for idx, the labels' file.
      split: of a TFDS data set.

    Raises:
      FileNotFoundError, ValueError: with one line on what to write instead.
    """
    if str(path).startswith("tfds:"):
        _refuse_labels(path, labels)
        return open_installed(str(path)[5:], split)
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder")
    labels = Path(labels) if labels else None
    if labels and not labels.is_file():
        raise FileNotFoundError(f"{labels}: no such labels file")
    name = path.name.lower()
    if path.is_dir() and is_installed(path):
        _refuse_labels(path, labels)
        return open_directory(path, split)
    if split != "train":
        raise ValueError(f"split is {split!r}: only TFDS data sets have splits; leave it out")
    if path.is_dir():
        return open_folder(path, labels)
    if name.endswith(".zip"):
        return open_zip(path, labels)
    if name.endswith((".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")):
        return open_tar(path, labels)
    if name.endswith(".npz"):
        _refuse_labels(path, labels)
        return open_npz(path)
    if name.endswith((".h5", ".hdf5")):
        _refuse_labels(path, labels)
        return open_hdf5(path)
    if "idx" in name or name.endswith("-ubyte.gz"):
        return open_idx(path, labels)
    raise ValueError(
        f"{path}: unknown kind of source; give a folder, .zip, .tar, .npz, .h5, idx "
        "or a TFDS data set"
    )


def _refuse_labels(path: str | Path, labels: str | Path | None) -> None:
    if labels:
        raise ValueError(f"{path} holds its labels itself: leave out labels")
