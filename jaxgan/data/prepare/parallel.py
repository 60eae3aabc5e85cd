"""A map over threads, with results in order and a bounded number of items in memory.

Threads rather than processes: decoding, resizing and encoding release Python's GIL, and nothing has
to be sent between processes (measured in tests/data/benchmark_reader.py).
"""

import collections
import itertools
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

CHUNK = 8  # items a worker takes at once
T = TypeVar("T")
R = TypeVar("R")


def ordered(
    pool: ThreadPoolExecutor, workers: int, function: Callable[[T], R], items: Iterable[T]
) -> Iterator[R]:
    """Yield function(item) for each item, in order; the first error is raised in its place."""
    items = iter(items)
    pending = collections.deque()
    while True:
        while len(pending) < 3 * workers:
            chunk = list(itertools.islice(items, CHUNK))
            if not chunk:
                break
            pending.append(pool.submit(lambda chunk: [function(one) for one in chunk], chunk))
        if not pending:
            return
        yield from pending.popleft().result()
