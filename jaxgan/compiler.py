"""Interim compiler options."""

from pathlib import Path

import jax


def compiler_options(platform: str) -> dict[str, str]:
    return {"xla_cpu_experimental_ynn_fusion_type": ""} if platform == "cpu" else {}


def enable_persistent_cache(directory: Path | None = None) -> None:
    directory = directory or Path.home() / ".cache" / "jaxgan"
    jax.config.update("jax_compilation_cache_dir", str(directory))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 1.0)
