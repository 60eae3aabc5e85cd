"""XLA options that jaxgan sets, memory of GPUs, and the compilation cache.

A user never sets a flag: options go with what is compiled for networks, and programs are cached
between runs.

What runs often is compiled once: D steps and microbatches are loops (`lax.scan`). Blocks of a
network are not. Neighbours differ in shape or in resolution in every config; the last two blocks of
some discriminators are the only equal ones, and a loop of two would save nothing.
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

# Of a GPU's memory; JAX's default is 0.75. The rest is for CUDA's own code and libraries.
GPU_SHARE = 0.9
# Options worth having, by platform. Each is checked against the installed compiler before use.
WORTH_HAVING = {
    "cpu": {
        # jaxlib 0.10 hands convolutions and matrix products to YNNPACK. Empty: to Eigen, as before.
        # Measured on two cores: a training step of the 16-wide 32 x 32 network in 0.24 of the time.
        "xla_cpu_experimental_ynn_fusion_type": "",
        # Keeps optimization barriers, which XLA:CPU drops: without them it makes again what a
        # rematerialised block was to save, and merges activations into the loops that transpose
        # (convolution.py): 0.97 of the processor time of the same step.
        "xla_disable_hlo_passes": "cse_barrier_expander",
    },
    "tpu": {
        # An array comes to the memory on the chip ahead of time only if it is read there twice:
        # brought for one use, it moves as often and takes the place of others. BigGAN-128 moves 9 %
        # less, LOGAN-128 13 % (docs/tpu.md).
        "xla_tpu_msa_inefficient_use_to_copy_ratio": "2",
    },
}


# Operations without a fixed order of additions are left out, and forms are not chosen by timing.
DETERMINISTIC = {
    "gpu": {"xla_gpu_exclude_nondeterministic_ops": "True", "xla_gpu_autotune_level": "0"}
}


def compiler_options(device: jax.Device, deterministic: bool = False) -> dict[str, str]:
    """Return the `compiler_options` for `jax.jit` on a device, which need not be there.

    Empty when there is nothing to say, or when its compiler does not know an option.

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

    Made at the first call: to decorate a module's function starts no devices.
    """

    @cache
    def jitted() -> Callable:
        chosen = compiler_options(jax.local_devices()[0])
        return jax.jit(function, compiler_options=chosen, **options)

    return wraps(function)(lambda *arguments: jitted()(*arguments))


@cache
def _is_known(device: jax.Device, name: str, value: str) -> bool:
    """Compile next to nothing with the option: a compiler has no list to ask."""
    there = jax.sharding.SingleDeviceSharding(device)
    try:
        jax.jit(lambda: 0, out_shardings=there, compiler_options={name: value}).lower().compile()
    except jax.errors.JaxRuntimeError:
        return False
    return True


def cache_folder() -> Path:
    """Return the user's cache folder for jaxgan: in XDG_CACHE_HOME or ~/.cache.

    Where it cannot be written, or the user has no home, a folder that ends with this process.
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

    A cache that the user has set up already (JAX_COMPILATION_CACHE_DIR) stays as it is. Entries
    are keyed by program, options, jaxlib and device, so a stale one is never used. Without a
    folder that can be written nothing is kept.
    """
    folder = directory or _users_folder()
    if jax.config.values["jax_compilation_cache_dir"] or folder is None:
        return
    jax.config.update("jax_compilation_cache_dir", str(directory or folder / "compiled"))
    # JAX's default is 1 s, but the start of a run compiles dozens of small programs too.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)


def pass_over_missing_tpu() -> None:
    """Use the CPU where libtpu is installed (it compiles for TPUs) but no chip is there.

    JAX would start libtpu to find out, which prints five lines of warnings. Platforms that the user
    has chosen, and machines with the plugin of another accelerator, are left alone.
    """
    chips, _ = hardware_utils.num_available_tpu_chips_and_device_id()  # there is no public name
    plugins = importlib.util.find_spec("jax_plugins") or metadata.entry_points(group="jax_plugins")
    chosen = jax.config.values["jax_platforms"] or "JAX_FORCE_TPU_INIT" in os.environ
    if not (chips or plugins or chosen):
        jax.config.update("jax_platforms", "cpu")


def reserve_gpu_memory(all_at_once: bool) -> None:
    """Allow GPU_SHARE of a GPU's memory; before the devices start.

    all_at_once: take it in one piece at the start, for a training that has the GPU to itself; else
    take it as it is needed, so that another process can run beside. Variables that are set in the
    environment stay as they are.
    """
    if "XLA_PYTHON_CLIENT_MEM_FRACTION" not in os.environ:  # its old name: JAX refuses both
        os.environ.setdefault("XLA_CLIENT_MEM_FRACTION", str(GPU_SHARE))
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", str(all_at_once).lower())


def ignore_absent_gpus() -> None:
    """Do not let JAX log that its CUDA plugin finds no GPU where there is no driver for one.

    The plugin may be installed for its compiler alone (planning/cards.py).
    """
    if not any(Path(device).exists() for device in ("/dev/nvidiactl", "/dev/dxg")):
        logging.getLogger("jax._src.xla_bridge").setLevel(logging.CRITICAL)


def refuse_float64() -> None:
    """Refuse JAX_ENABLE_X64: programs and results are in float32."""
    if jax.config.values["jax_enable_x64"]:
        raise ValueError("JAX_ENABLE_X64 = 1: jaxgan computes in float32; unset it")


def refuse_missing_platforms() -> None:
    """Refuse JAX_PLATFORMS that names a kind of device which is not here; starts the devices."""
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
