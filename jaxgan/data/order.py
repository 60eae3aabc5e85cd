"""The order of images, a pure function of (seed, position): nothing to save, nothing to restore.

Position p of the run reads image order(p); step s of a run with n images per step reads positions
s * n to (s + 1) * n - 1, whatever the number of processes.

    epoch order      shuffled(N, seed, p // N)(p mod N): every epoch visits each image once
    balanced order   round r = p // K visits each of the K classes once, in the order
                     permutation(seed, r). In round r, a class with n images shows its image
                     shuffled(n, seed, class, r // n)(r mod n): classes are equally frequent, and
                     a class repeats an image only after showing all of its images

Up to 65,536 images, a permutation is an array. Above that, each entry is computed on its own, in
constant time and memory, so a run may start anywhere in a billion images. It is a keyed permutation
of the numbers of b bits, 2^(b-1) < n <= 2^b, repeated until the result is below n (cycle walking;
at most twice on average). It is a Feistel network: the two halves of the number are changed in
turn, each by exclusive or with a hash of the other, which is invertible for any hash (Black and
Rogaway, "Ciphers with arbitrary finite domains", 2002).

Random bits come from Philox, whose stream NumPy promises never to change. (The stream of
`Generator.permutation` may change with the NumPy version, and resumed runs with it.)
"""

import functools
import hashlib
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from jaxgan.data.labels import ClassIndex, Labels

Order = Callable[[np.ndarray], np.ndarray]
SMALL = 1 << 16  # most images whose permutation is an array
ROUNDS = 8  # of the Feistel network: four for each half


def permutation(n: int, *name: int | str) -> np.ndarray:
    """Return a permutation of range(n), [n] int64, that depends on n and `name` only."""
    return np.argsort(_random(name, n), kind="stable")


def keyed_permutation(places: np.ndarray, n: int, *name: int | str) -> np.ndarray:
    """Return entries of a permutation of range(n) that depends on n and `name` only.

    Args:
      places: any shape, int64 in [0, n).
    Returns: the entries at these places, of the same shape, int64 in [0, n).
    """
    low = np.uint64(max((n - 1).bit_length(), 2) // 2)
    high = np.uint64(max((n - 1).bit_length(), 2)) - low
    keys = _random(name, ROUNDS)

    def scramble(x: np.ndarray) -> np.ndarray:
        a, b = x >> low, x & _ones(low)
        for first, second in zip(keys[::2], keys[1::2], strict=True):
            a = a ^ (_hash(b + first) & _ones(high))
            b = b ^ (_hash(a + second) & _ones(low))
        return a << low | b

    result = scramble(places.astype(np.uint64).ravel())
    while (outside := np.flatnonzero(result >= n)).size:
        result[outside] = scramble(result[outside])
    return result.astype(np.int64).reshape(places.shape)


def shuffled(n: int, *name: int | str) -> Order:
    """Return places -> entries of a permutation of range(n), int64 arrays of one shape."""
    if n <= SMALL:
        return permutation(n, *name).__getitem__
    return lambda places: keyed_permutation(places, n, *name)


def version(num_images: int) -> int:
    """Return the version of a data set's order: 1 up to 65,536 images (an array), else 2.

    A run that was started with one order does not continue with another (training/claim.py).
    """
    return 1 if num_images <= SMALL else 2


def _random(name: tuple[int | str, ...], count: int) -> np.ndarray:
    """Return `count` random 64-bit numbers, uint64, that depend on the name."""
    key = int.from_bytes(hashlib.sha256(repr(name).encode()).digest()[:16], "little")
    return np.random.Philox(key=key).random_raw(count)


def _hash(x: np.ndarray) -> np.ndarray:
    """Return the mixed bits of 64-bit numbers: the finalizer of SplitMix64 (Steele, Lea and Flood,
    "Fast splittable pseudorandom number generators", 2014)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def _ones(bits: np.uint64) -> np.uint64:
    return np.uint64((1 << int(bits)) - 1)


def fair_draw(count: int, total: int, *name: int | str) -> np.ndarray:
    """Return `count` different numbers of range(total), ascending, [count] int64.

    Every subset taken anywhere (the first images of a set, a held-out share, classes to show) is
    drawn by this function, because records may be sorted by class. If count >= total, it is all.
    """
    if count >= total:
        return np.arange(total)
    return np.sort(shuffled(total, *name)(np.arange(count)))


def places_in_classes(
    chunks: Iterable[np.ndarray], ranks: Mapping[int, np.ndarray]
) -> dict[int, np.ndarray]:
    """Return the places of the images that are number k of their class, ascending [count] int64.

    Args:
      chunks: the labels of all images, in order, in chunks.
      ranks: {class: numbers k, from 0}, below the class's size.

    >>> places_in_classes([np.array([5, 3, 5]), np.array([5])], {5: np.array([0, 2])})
    {5: array([0, 3])}
    """
    seen, first = dict.fromkeys(ranks, 0), 0
    found: dict[int, list[np.ndarray]] = {label: [] for label in ranks}
    for chunk in chunks:
        for label, wanted in ranks.items():
            own = np.flatnonzero(chunk == label)
            here = wanted[(wanted >= seen[label]) & (wanted < seen[label] + len(own))]
            found[label].append(first + own[here - seen[label]])
            seen[label] += len(own)
        first += len(chunk)
    return {label: np.sort(np.concatenate(places)) for label, places in found.items()}


def stratified(labels: Labels, count: int, *name: int | str) -> np.ndarray:
    """Return `count` different indices into `labels`, ascending, with each label in proportion.

    A label with n of the N entries gets floor(count n / N); the missing entries go to the labels
    with the largest remainders, ties broken by lot. Within a label, the draw is `fair_draw`'s.

    Args:
      labels: [N] int. count: up to N; more gives all.
      name: what else the draw depends on.

    >>> stratified(np.repeat([0, 1], [8, 4]), 6, "example").searchsorted(8)  # 4 of 8, 2 of 4
    np.int64(4)
    """
    if count >= len(labels):
        return np.arange(len(labels))
    index = ClassIndex(labels)
    (names,) = np.nonzero(index.sizes)
    sizes = index.sizes[names]
    quotas, remainders = np.divmod(count * sizes, len(labels))
    lot = permutation(len(names), *name, "remainders")
    quotas[lot[np.argsort(-remainders[lot], kind="stable")[: count - quotas.sum()]]] += 1
    drawn = [
        index.place(label, number)
        for label, quota, size in zip(names.tolist(), quotas.tolist(), sizes.tolist(), strict=True)
        for number in fair_draw(quota, size, *name, label).tolist()
    ]
    return np.sort(np.array(drawn, np.int64))


def epoch_order(num_images: int, seed: int) -> Order:
    """Return positions -> indices, int64 arrays of one shape; every epoch visits each image
    once."""

    @functools.lru_cache(maxsize=2)
    def epoch_shuffled(epoch: int) -> Order:
        return shuffled(num_images, int(seed), "epoch", epoch)

    def order(positions: np.ndarray) -> np.ndarray:
        epochs, places = np.divmod(positions, num_images)
        indices = np.empty_like(positions)
        for epoch in np.unique(epochs):
            mask = epochs == epoch
            indices[mask] = epoch_shuffled(int(epoch))(places[mask])
        return indices

    return order


def balanced_order(labels: Labels, seed: int) -> Order:
    """Return positions -> indices, with equal frequency for every class that has images.

    Memory: labels.ClassIndex, and the permutations of the classes being shown: 2 bytes per image,
    for classes of up to 65,536 images.
    """
    index = ClassIndex(labels)
    (classes,) = np.nonzero(index.sizes)
    sizes = index.sizes[classes].tolist()
    num_classes = len(sizes)

    @functools.lru_cache(maxsize=1024)
    def round_permutation(number: int) -> np.ndarray:
        return permutation(num_classes, int(seed), "round", number)

    @functools.lru_cache(maxsize=2 * num_classes)
    def class_shuffled(member: int, epoch: int) -> Order:
        name = int(seed), "class", member, epoch
        if sizes[member] > SMALL:
            return shuffled(sizes[member], *name)
        return permutation(sizes[member], *name).astype(np.uint16).__getitem__

    def order(positions: np.ndarray) -> np.ndarray:
        rounds, places = np.divmod(positions.ravel(), num_classes)
        indices = np.empty(positions.size, np.int64)
        for i, (number, place) in enumerate(zip(rounds.tolist(), places.tolist(), strict=True)):
            member = int(round_permutation(number)[place])
            epoch, within = divmod(number, sizes[member])
            rank = int(class_shuffled(member, epoch)(np.asarray(within)))
            indices[i] = index.place(int(classes[member]), rank)
        return indices.reshape(positions.shape)

    return order
