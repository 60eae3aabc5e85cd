"""Every test sees 8 CPU devices, strict dtype promotion, no silent rank promotion, no key
used twice, no warning."""

import gc
import os
import tempfile

import jax
import pytest

# Caches of this run alone: nothing that is left on a machine decides a test.
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="jaxgan-test-cache-")

jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_num_cpu_devices", 8)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_debug_key_reuse", True)


# Most of what tracing makes stays, and is much: to look for garbage less often saves a tenth.
gc.set_threshold(200_000, 50, 1000)


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="run the slow second stage too")


def pytest_configure(config):
    if not config.getoption("--slow"):  # a fifth faster; the second stage compiles as users do
        flags = os.environ.get("XLA_FLAGS", "")
        os.environ["XLA_FLAGS"] = f"{flags} --xla_backend_optimization_level=1".strip()


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--slow"):
        for item in items:
            if "slow" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="second stage: pytest --slow"))
