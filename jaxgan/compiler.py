"""Interim compiler options."""

import os
from pathlib import Path

import jax


def compiler_options(platform: str) -> dict[str, str]:
    return {"xla_cpu_experimental_ynn_fusion_type": ""} if platform == "cpu" else {}


def cache_folder() -> Path:
    """Return the user's cache folder for jaxgan: XDG_CACHE_HOME or ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jaxgan"


def enable_persistent_cache(directory: Path | None = None) -> None:
    directory = directory or cache_folder() / "compiled"
    jax.config.update("jax_compilation_cache_dir", str(directory))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 1.0)
