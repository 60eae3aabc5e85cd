"""Published figures of TPU chips and NVIDIA cards, to compile for on a machine without them.

Peak bfloat16 rate, memory, memory bandwidth and interconnect of one device. `network` counts one
direction, all links together (half of the bidirectional figure).

TPUs: Google's pages "TPU v4", "TPU v5e", "TPU v5p", "TPU v6e" and "TPU7x (Ironwood)" of the Cloud
TPU documentation. A TPU7x chip is two devices, each with half of its rates and memory, as in JAX's
own table (jax/_src/pallas/mosaic/tpu_info.py). `clock` is the peak rate divided by the operations
per cycle: 2^17 for a v5e, 2^18 for a v4 and a v5p, 2^19 for the others. A large matrix product
approaches this by the compiler's own estimate (cost.cycles).

Cards: NVIDIA's data sheets "A100 80GB" (SXM), "H100" (SXM), "H200" and "DGX B200"; rates are
without sparsity. Memory is what the driver reports (cards.py). The network is NVLink; between
machines it is slower.
"""

import dataclasses
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import jax
from jax.experimental import topologies

from jaxgan.planning.cards import CARDS, card_devices

GB, GIB = 10**9, 2**30


@dataclasses.dataclass(frozen=True)
class Chip:
    flops: float  # per second
    memory: int  # bytes
    bandwidth: float  # bytes per second
    network: float  # bytes per second
    clock: float = 0.0  # cycles per second, of a TPU


CHIPS = {
    "v4": Chip(275e12, 32 * GIB, 1200 * GB, 300 * GB, 1.05e9),
    "v5e": Chip(197e12, 16 * GIB, 819 * GB, 200 * GB, 1.50e9),
    "v5p": Chip(459e12, 95 * GIB, 2765 * GB, 600 * GB, 1.75e9),
    "v6e": Chip(918e12, 32 * GIB, 1638 * GB, 400 * GB, 1.75e9),
    "tpu7x": Chip(2307e12 / 2, 96 * GIB, 7380 * GB / 2, 600 * GB / 2, 2.20e9),
    "a100": Chip(312e12, 85_100_068_864, 2039 * GB, 300 * GB),
    "h100": Chip(989e12, 84_942_979_072, 3350 * GB, 450 * GB),
    "h200": Chip(989e12, 151_397_597_184, 4800 * GB, 450 * GB),
    "b200": Chip(2250e12, 191_514_411_008, 7700 * GB, 900 * GB),
}


@contextmanager
def quiet() -> Iterator[None]:
    """Discard what native code writes to standard error, such as the TPU compiler's log."""
    sys.stderr.flush()
    saved, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)


def slice_devices(topology: str, slices: int = 1) -> list[jax.Device]:
    """Return the devices of a topology: TPU slices such as "v5e:8x8", or cards such as "h100" or
    "h100:8".

    The devices need not exist here. slices: number of such TPU slices. Raises ValueError, with one
    line, for a topology that does not exist.
    """
    name = topology.partition(":")[0]
    if name not in CHIPS:
        tpus = ", ".join(chip for chip in CHIPS if chip not in CARDS)
        raise ValueError(
            f"--topology={topology}: write one of {tpus}, a colon and a shape, such as v5e:8x8 or "
            f"v5p:4x4x4, or one of {', '.join(CARDS)}, alone or with a number of cards, such as "
            "h100:8"
        )
    if slices < 1:
        raise ValueError(f"--slices={slices}: write 1 or more")
    if name in CARDS:
        if slices > 1:
            raise ValueError(
                f"--slices={slices}: only TPUs have slices; for {slices} machines with eight cards "
                f"each write --topology={name}:{slices}x8"
            )
        return card_devices(topology, CHIPS[name].memory, CHIPS[name].bandwidth)
    if importlib.util.find_spec("libtpu") is None:
        raise ValueError("--topology needs the TPU compiler: pip install 'jaxgan[tpu]'")
    # No chip is used: query no cloud metadata, and take no lock between processes.
    os.environ.update(TPU_SKIP_MDS_QUERY="1", ALLOW_MULTIPLE_LIBTPU_LOAD="1")
    more: dict[str, int | str] = {"num_slices": slices} if slices > 1 else {}
    if topology.startswith("v4:"):  # two cores of a chip as one device, the default
        more["chip_config_name"] = "megacore"
    try:
        with quiet():
            found = topologies.get_topology_desc(platform="tpu", topology_name=topology, **more)
    except jax.errors.JaxRuntimeError as error:
        reason = str(error).splitlines()[0].partition(": ")[2] or error
        raise ValueError(
            f"--topology={topology} does not exist ({reason}): write a shape of whole hosts, such "
            "as v5e:2x2, v5e:8x8, v5p:2x2x1 or v4:4x4x4"
        ) from error
    return list(found.devices)
