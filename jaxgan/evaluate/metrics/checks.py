"""Input checks of all metrics: shapes, finite values."""

import numpy as np


def rows(name: str, array: np.ndarray, least: int = 1) -> np.ndarray:
    """Return `array` [n, d] of finite numbers unchanged.

    Raises:
      ValueError: another number of axes, no column, fewer than `least` rows, or a value that is
        not finite; the message has the name, and the first such row.

    >>> rows("features", np.array([[1.0], [np.nan]]))
    Traceback (most recent call last):
    ValueError: features, row 1 (of 2): not finite (NaN or infinite)
    """
    array = np.asarray(array)
    if array.ndim != 2 or not array.shape[1]:
        raise ValueError(f"{name} has shape {list(array.shape)}: write [n, d] with d at least 1")
    if len(array) < least:
        raise ValueError(f"{name} has {len(array)} rows: write {least} or more")
    return finite(name, array)


def finite(name: str, array: np.ndarray) -> np.ndarray:
    """Return `array` [n, ...] unchanged; ValueError, naming the first row, if it is not finite."""
    good = np.isfinite(array)
    if not good.all():
        bad = int(np.argmin(good.reshape(len(array), -1).all(axis=1)))
        raise ValueError(f"{name}, row {bad} (of {len(array)}): not finite (NaN or infinite)")
    return array


def pair(
    name1: str, array1: np.ndarray, name2: str, array2: np.ndarray, least: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Return two arrays, checked by `rows`, with the same number of columns."""
    array1, array2 = rows(name1, array1, least), rows(name2, array2, least)
    if array1.shape[1] != array2.shape[1]:
        raise ValueError(
            f"{name1} has {array1.shape[1]} columns and {name2} {array2.shape[1]}: use one "
            "extractor for both"
        )
    return array1, array2


def labels_of(name: str, labels: np.ndarray, count: int) -> np.ndarray:
    """Return integer labels [count] unchanged; ValueError for others."""
    labels = np.asarray(labels)
    if labels.shape != (count,) or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"{name} is {labels.dtype}{list(labels.shape)}: write integers [{count}], one a row"
        )
    return labels
