"""The XLA options that jaxgan sets, the memory of GPUs, and the compilation cache.

A user never sets a flag: options are passed with each program that is compiled, and programs are
cached between runs.

What is repeated is compiled once: D steps and microbatches are loops (`lax.scan`). The blocks of a
network are not. Neighbouring blocks differ in shape or resolution in every config; only the last
two blocks of some discriminators are equal, and a loop over two would save nothing.
"""

import atexit
import importlib.util
import logging
import os
import tempfile
from collections.abc import Callable
from functools import cache, wraps
from importlib import metadata
from pathlib import Path
from typing import Any

import jax
from jax._src import hardware_utils

# Fraction of a GPU's memory; JAX's default is 0.75. The rest is for CUDA's code and libraries.
GPU_SHARE = 0.9
# Options that pay off, by platform. Each is tried on the installed compiler before it is used.
WORTH_HAVING = {
    "cpu": {
        # jaxlib 0.10 gives convolutions and matrix products to YNNPACK. Empty: to Eigen, as before.
        # Measured on two cores: a step of the 16-wide 32 x 32 network takes 0.24 of the time.
        "xla_cpu_experimental_ynn_fusion_type": "",
        # Keeps optimization barriers, which XLA:CPU drops. Without them it undoes the saving of
        # rematerialised blocks, and fuses activations into the loops that transpose
        # (convolution.py). Measured: 0.97 of the processor time of the same step.
        "xla_disable_hlo_passes": "cse_barrier_expander",
    },
    "tpu": {
        # An array is prefetched to the memory on the chip only if it is read there at least twice:
        # for a single use it is moved just as often, and takes space from others. BigGAN-128 moves
        # 9 % less, LOGAN-128 13 % (docs/tpu.md).
        "xla_tpu_msa_inefficient_use_to_copy_ratio": "2",
    },
}


# No operations whose order of additions varies, and no kernels chosen by timing them.
DETERMINISTIC = {
    "gpu": {"xla_gpu_exclude_nondeterministic_ops": "True", "xla_gpu_autotune_level": "0"}
}


def compiler_options(device: jax.Device, deterministic: bool = False) -> dict[str, str]:
    """Return the `compiler_options` for `jax.jit` on a device, which may be one that is not
    attached.

    Empty if jaxgan sets none for the platform, or its compiler does not know them.

    Raises:
      ValueError: a deterministic program is asked for, which this compiler cannot promise.
    """
    options = WORTH_HAVING.get(device.platform, {})
    found = {name: value for name, value in options.items() if _is_known(device, name, value)}
    for name, value in DETERMINISTIC.get(device.platform, {}).items() if deterministic else ():
        if not _is_known(device, name, value):
            raise ValueError(
                f"train.deterministic = True: this compiler does not know {name}: write False"
            )
        found[name] = value
    return found


def jit(function: Callable, **options: Any) -> Callable:
    """Return `jax.jit(function, **options)` with the compiler options of the default devices.

    The jitted function is made at the first call, so decorating a module's function starts no
    devices.
    """

    @cache
    def jitted() -> Callable:
        chosen = compiler_options(jax.local_devices()[0])
        return jax.jit(function, compiler_options=chosen, **options)

    return wraps(function)(lambda *arguments: jitted()(*arguments))


@cache
def _is_known(device: jax.Device, name: str, value: str) -> bool:
    """Return whether the compiler accepts an option, by compiling a trivial program: it has no
    list."""
    there = jax.sharding.SingleDeviceSharding(device)
    try:
        jax.jit(lambda: 0, out_shardings=there, compiler_options={name: value}).lower().compile()
    except jax.errors.JaxRuntimeError:
        return False
    return True


def cache_folder() -> Path:
    """Return the user's cache folder for jaxgan, in XDG_CACHE_HOME or ~/.cache.

    If it is not writable, or the user has no home, a temporary folder that ends with this process.
    """
    return _users_folder() or _own_folder()


def _users_folder() -> Path | None:
    try:
        home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        folder = Path(home) / "jaxgan"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # RuntimeError: no HOME, and no entry in the user database
        return None
    return folder if os.access(folder, os.W_OK | os.X_OK) else None


@cache
def _own_folder() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="jaxgan-cache-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


def enable_persistent_cache(directory: Path | None = None) -> None:
    """Keep compiled programs in `directory` (default: in the user's cache folder) for later runs.

    A cache that the user has set up (JAX_COMPILATION_CACHE_DIR) stays as it is. The key of an entry
    covers program, options, jaxlib and device, so a stale one is never used. Without a writable
    folder nothing is kept.
    """
    folder = directory or _users_folder()
    if jax.config.values["jax_compilation_cache_dir"] or folder is None:
        return
    jax.config.update("jax_compilation_cache_dir", str(directory or folder / "compiled"))
    # JAX's default is 1 s, but at its start a run also compiles dozens of small programs.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)


def pass_over_missing_tpu() -> None:
    """Use the CPU where libtpu is installed (it compiles for TPUs) but there is no TPU.

    JAX would start libtpu to find out, which prints five lines of warnings. Platforms that the user
    has chosen, and machines with the plugin of another accelerator, are left alone.
    """
    chips, _ = hardware_utils.num_available_tpu_chips_and_device_id()  # there is no public name
    plugins = importlib.util.find_spec("jax_plugins") or metadata.entry_points(group="jax_plugins")
    chosen = jax.config.values["jax_platforms"] or "JAX_FORCE_TPU_INIT" in os.environ
    if not (chips or plugins or chosen):
        jax.config.update("jax_platforms", "cpu")


def reserve_gpu_memory(all_at_once: bool) -> None:
    """Allow JAX GPU_SHARE of a GPU's memory; call it before the devices start.

    all_at_once: allocate it in one piece at the start, for a training that has the GPU to itself;
      else allocate as needed, so that other processes can use the GPU too. Environment variables
      that the user has set stay as they are.
    """
    if "XLA_PYTHON_CLIENT_MEM_FRACTION" not in os.environ:  # its old name: JAX refuses both
        os.environ.setdefault("XLA_CLIENT_MEM_FRACTION", str(GPU_SHARE))
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", str(all_at_once).lower())


def ignore_absent_gpus() -> None:
    """Keep JAX from logging that its CUDA plugin finds no GPU, on a machine without a GPU driver.

    The plugin may be installed for its compiler alone (planning/cards.py).
    """
    if not any(Path(device).exists() for device in ("/dev/nvidiactl", "/dev/dxg")):
        logging.getLogger("jax._src.xla_bridge").setLevel(logging.CRITICAL)


def refuse_float64() -> None:
    """Raise ValueError if JAX_ENABLE_X64 is set: programs and results are in float32."""
    if jax.config.values["jax_enable_x64"]:
        raise ValueError("JAX_ENABLE_X64 = 1: jaxgan computes in float32; unset it")


def refuse_missing_platforms() -> None:
    """Raise ValueError if JAX_PLATFORMS names a kind of device that is not here; starts the
    devices."""
    platforms = jax.config.values["jax_platforms"]
    if not platforms:
        return
    try:
        jax.local_devices()
    except (RuntimeError, AssertionError) as error:  # AssertionError: a plugin that is not loaded
        reason = (str(error).splitlines() or ["its plugin is missing or finds none"])[0]
        raise ValueError(
            f"JAX_PLATFORMS = {platforms!r}: no such device here ({reason}): unset it, or write "
            "JAX_PLATFORMS=cpu"
        ) from error
