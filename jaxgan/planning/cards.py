"""NVIDIA cards to compile for, on a machine without one.

XLA's CUDA compiler runs anywhere, given a description of the card in place of the card. Card holds
the part of that description that decides which code is generated; DESCRIPTION holds what all cards
have in common. Sources per card: XLA's device descriptions (openxla/xla,
xla/backends/gpu/target_config/specs: a100_sxm_80, h100_sxm, h200, b200) and NVIDIA's tuning guides
for Ampere, Hopper and Blackwell.

Without a card nothing can be timed, so the compiler picks its default algorithm for each
convolution and product, and the memory that it reports lacks cuDNN's workspace.
"""

import dataclasses
import importlib.metadata
import re

import jax
from jax._src.cudnn import fused_attention_stablehlo
from jax.experimental import topologies
from jaxlib.version import __version__ as jaxlib_version


@dataclasses.dataclass(frozen=True)
class Card:
    capability: int  # CUDA's major compute capability
    features: str  # NONE, or ACCELERATED_FEATURES: instructions of this generation only
    cores: int  # streaming multiprocessors
    lanes: int  # float32 units of a core
    clock: float  # GHz
    cache: int  # bytes of level 2
    shared: int  # bytes of a core's shared memory; a block can have 1 KiB less


KIB, MIB = 2**10, 2**20
CARDS = {
    "a100": Card(8, "NONE", 108, 64, 1.41, 40 * MIB, 164 * KIB),
    "h100": Card(9, "ACCELERATED_FEATURES", 132, 128, 1.98, 50 * MIB, 228 * KIB),
    "h200": Card(9, "ACCELERATED_FEATURES", 132, 128, 1.98, 50 * MIB, 228 * KIB),
    "b200": Card(10, "ACCELERATED_FEATURES", 148, 128, 1.965, 132_644_864, 228 * KIB),
}
CUDNN = 9, 10
# XLA's GpuTargetConfigProto as text.
DESCRIPTION = """
gpu_device_info {{
  cuda_compute_capability {{ major: {card.capability} feature_extension: {card.features} }}
  core_count: {card.cores}  fpus_per_core: {card.lanes}  clock_rate_ghz: {card.clock}
  device_memory_size: {memory}  memory_bandwidth: {bandwidth}  l2_cache_size: {card.cache}
  shared_memory_per_core: {card.shared}
  shared_memory_per_block: 49152  shared_memory_per_block_optin: {shared_by_block}
  threads_per_warp: 32  threads_per_block_limit: 1024  threads_per_core_limit: 2048
  thread_dim_limit_x: 1024  thread_dim_limit_y: 1024  thread_dim_limit_z: 64
  block_dim_limit_x: 2147483647  block_dim_limit_y: 65535  block_dim_limit_z: 65535
  registers_per_core_limit: 65536  registers_per_block_limit: 65536
  device_address_bits: 64  ecc_enabled: true
  driver_version: "13.0.0"  runtime_version: "13.0.0"
}}
platform_name: "CUDA"
dnn_version_info {{ major: {cudnn[0]}  minor: {cudnn[1]} }}
device_description_str: "NVIDIA {name}"
"""
_TOPOLOGY = re.compile(r"\w+(?::(?:([1-9]\d*)x)?([1-9]\d*))?")


def card_devices(topology: str, memory: int, bandwidth: float) -> list[jax.Device]:
    """Return the devices of "h100" (one card), "h100:8" (a machine with eight) or "h100:4x8" (four
    such).

    memory: bytes of one card. bandwidth: bytes per second. Raises ValueError, with one line, for
      another topology, and if the CUDA compiler is not installed or does not match this jaxlib.
    """
    name = topology.partition(":")[0]
    found = _TOPOLOGY.fullmatch(topology)
    if found is None:
        raise ValueError(
            f"--topology={topology}: write {name} for one card, {name}:8 for a machine with eight, "
            f"or {name}:4x8 for four machines"
        )
    machines, cards = (int(number or 1) for number in found.groups())
    refuse_without_compiler(topology)
    # JAX would ask the installed cuDNN for its version; here the description states it.
    fused_attention_stablehlo.check_cudnn_version = lambda: CUDNN[0] * 10_000 + CUDNN[1] * 100
    card = CARDS[name]
    description = DESCRIPTION.format(
        name=name.upper(),
        card=card,
        memory=memory,
        bandwidth=int(bandwidth),
        shared_by_block=card.shared - KIB,
        cudnn=CUDNN,
    )
    shape = f"1x{machines}x{cards}"
    found = topologies.get_topology_desc(platform="cuda", target_config=description, topology=shape)
    return list(found.devices)


def refuse_without_compiler(topology: str) -> None:
    """Raise ValueError if JAX's CUDA plugin is missing or has another version than jaxlib."""
    wanted = jaxlib_version
    for cuda in (13, 12):
        names = [f"jax-cuda{cuda}-{part}" for part in ("plugin", "pjrt")]
        try:
            versions = {name: importlib.metadata.version(name) for name in names}
        except importlib.metadata.PackageNotFoundError:
            continue
        wrong = [f"{name} {version}" for name, version in versions.items() if version != wanted]
        if not wrong:
            return
        raise ValueError(
            f"--topology={topology}: {' and '.join(wrong)} with jaxlib {wanted}: pip install "
            f"{' '.join(f'{name}=={wanted}' for name in names)}"
        )
    raise ValueError(
        f"--topology={topology} needs JAX's CUDA compiler, without a card or a driver: pip install "
        f"jax-cuda13-plugin=={wanted}"
    )
