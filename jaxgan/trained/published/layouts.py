"""How other projects lay out an array that is one array here; there and back, bit for bit.

PyTorch convolution   [out, in, kh, kw]   here [kh, kw, in, out]
PyTorch linear        [out, in]           here [in, out]
first layer           its outputs as channels, height, width; here height, width, channels
condition             latent, then embedding (DeepMind); here embedding, then latent
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Layout(NamedTuple):
    """A pair of functions that convert one array between two layouts."""

    read: Callable[[np.ndarray], np.ndarray]  # theirs -> ours
    write: Callable[[np.ndarray], np.ndarray]  # ours -> theirs


class Row(NamedTuple):
    """One array: our name PART/PATH, their name, and how to convert between them."""

    ours: str
    theirs: str
    layout: Layout


def then(first: Layout, second: Layout) -> Layout:
    """Return the layout that reads by `first`, then by `second`."""
    return Layout(lambda x: second.read(first.read(x)), lambda x: first.write(second.write(x)))


SAME = Layout(lambda x: x, lambda x: x)
TRANSPOSED = Layout(lambda x: x.T, lambda x: x.T)
TORCH_CONV = Layout(lambda x: x.transpose(2, 3, 1, 0), lambda x: x.transpose(3, 2, 0, 1))
FLAT = Layout(lambda x: x.reshape(-1), lambda x: x)  # [1, n] or [1, 1, 1, n] to [n]
ROW = Layout(lambda x: x.reshape(1, -1), lambda x: x.reshape(-1))  # one row of statistics
SCALAR = Layout(lambda x: x.reshape(()), lambda x: x.reshape(1))
U = Layout(lambda x: x.reshape(-1), lambda x: x.reshape(1, -1))


def channels_first(channels: int) -> Layout:
    """Return the layout of a last axis: theirs (channels, height width), ours (height width,
    channels)."""

    def swap(x: np.ndarray, rows: int) -> np.ndarray:
        return x.reshape(*x.shape[:-1], rows, -1).swapaxes(-1, -2).reshape(x.shape)

    return Layout(lambda x: swap(x, channels), lambda x: swap(x, x.shape[-1] // channels))


def latent_first(embedding_dim: int) -> Layout:
    """Return the layout of a first axis: theirs (latent, embedding), ours (embedding, latent)."""
    n = embedding_dim
    return Layout(
        lambda x: np.concatenate([x[len(x) - n :], x[: len(x) - n]]),
        lambda x: np.concatenate([x[n:], x[:n]]),
    )


def torch_conv_vector(kernel_size: int) -> Layout:
    """Return the layout of a vector [in kh kw] of a PyTorch convolution: ours is [kh kw in]."""
    area = kernel_size**2
    return Layout(
        lambda x: x.reshape(-1, area).T.reshape(-1), lambda x: x.reshape(area, -1).T.reshape(-1)
    )


class Structure(NamedTuple):
    """What a network's names and layouts depend on."""

    role: str  # "generator" or "discriminator"
    deep: bool
    blocks: int
    attention: int | None  # the number of the block that attention follows
    channels: int = 0  # of the first map of a generator
    embedding_dim: int = 0  # of its shared class embedding
    per_class: bool = False  # a gain and a bias per class in its batch norms, nothing shared
    single_label: bool = False  # BigBiGAN: a class embedding of one row

    @property
    def convolutions(self) -> int:
        """Convolutions per block without the skip's; a block has as many batch norms."""
        return 4 if self.deep else 2

    @property
    def resolution(self) -> int:
        """Blocks per resolution."""
        return 2 if self.deep else 1
