"""The order of images, a pure function of (seed, position): nothing to save, nothing to restore.

Position p of the run reads image order(p); step s of a run with n images a step owns the positions
s * n to (s + 1) * n, whatever the number of processes.

    epoch order      permutation(seed, p // N)[p mod N]: every epoch holds each image once
    balanced order   round r = p // K visits each of the K classes once, in the order
                     permutation(seed, r); a class with n images shows in round r its image
                     permutation(seed, class, r // n)[r mod n]: classes are equally frequent, and
                     each class repeats only after all its images were shown

Random bits are Philox's, whose stream numpy promises never to change (the stream
of `Generator.permutation` may change with the numpy version, and a resumed run with it).
"""

import functools
import hashlib
from collections.abc import Callable

import numpy as np

Order = Callable[[np.ndarray], np.ndarray]


def permutation(n: int, *name: int | str) -> np.ndarray:
    """Return a permutation of range(n), [n] int64, that depends on n and name only."""
    key = int.from_bytes(hashlib.sha256(repr(name).encode()).digest()[:16], "little")
    return np.argsort(np.random.Philox(key=key).random_raw(n), kind="stable")


def fair_draw(count: int, total: int, *name: int | str) -> np.ndarray:
    """Return `count` different numbers of range(total), ascending, [count] int64.

    Every subset that is taken anywhere (the first images of a set, a held-out share, classes to
    show) is drawn by this function: records may be sorted by class. All of them if count >= total.
    """
    return np.sort(permutation(total, *name)[:count]) if count < total else np.arange(total)


def stratified(labels: np.ndarray, count: int, *name: int | str) -> np.ndarray:
    """Return `count` different indices into `labels`, ascending, each label in its proportion.

    A label with n of the N entries gets floor(count n / N); the entries still missing go to the
    labels with the largest remainders, equal ones by lot. Within a label the draw is `fair_draw`'s.

    Args:
      labels: [N] int. count: up to N; more gives all.
      name: what the draw depends on besides.

    >>> stratified(np.repeat([0, 1], [8, 4]), 6, "example").searchsorted(8)  # 4 of 8, 2 of 4
    np.int64(4)
    """
    if count >= len(labels):
        return np.arange(len(labels))
    names, sizes = np.unique(labels, return_counts=True)
    quotas, remainders = np.divmod(count * sizes, len(labels))
    lot = permutation(len(names), *name, "remainders")
    quotas[lot[np.argsort(-remainders[lot], kind="stable")[: count - quotas.sum()]]] += 1
    drawn = [
        np.flatnonzero(labels == label)[fair_draw(quota, size, *name, label)]
        for label, quota, size in zip(names.tolist(), quotas.tolist(), sizes.tolist(), strict=True)
    ]
    return np.sort(np.concatenate(drawn))


def epoch_order(num_images: int, seed: int) -> Order:
    """Return positions -> indices, both int64 of one shape, where each epoch holds all once."""

    @functools.lru_cache(maxsize=2)
    def epoch_permutation(epoch: int) -> np.ndarray:
        return permutation(num_images, int(seed), "epoch", epoch)

    def order(positions: np.ndarray) -> np.ndarray:
        epochs, places = np.divmod(positions, num_images)
        indices = np.empty_like(positions)
        for epoch in np.unique(epochs):
            mask = epochs == epoch
            indices[mask] = epoch_permutation(int(epoch))[places[mask]]
        return indices

    return order


def balanced_order(labels: np.ndarray, seed: int) -> Order:
    """Return positions -> indices where every class that has images is equally frequent."""
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    num_classes = len(members)

    @functools.lru_cache(maxsize=1024)
    def round_permutation(number: int) -> np.ndarray:
        return permutation(num_classes, int(seed), "round", number)

    @functools.lru_cache(maxsize=2 * num_classes)
    def class_permutation(member: int, epoch: int) -> np.ndarray:
        own = members[member]
        return own[permutation(len(own), int(seed), "class", member, epoch)]

    def order(positions: np.ndarray) -> np.ndarray:
        rounds, places = np.divmod(positions.ravel(), num_classes)
        indices = np.empty(positions.size, np.int64)
        for i, (number, place) in enumerate(zip(rounds.tolist(), places.tolist(), strict=True)):
            member = int(round_permutation(number)[place])
            epoch, within = divmod(number, len(members[member]))
            indices[i] = class_permutation(member, epoch)[within]
        return indices.reshape(positions.shape)

    return order
