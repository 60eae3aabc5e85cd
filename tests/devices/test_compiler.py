"""Compiler options that exist, and a second process that does not compile again."""

import os
import subprocess
import sys
import types

import jax
import jax.numpy as jnp
import pytest
from jaxlib import xla_client

from jaxgan.devices import compiler

PROGRAM = """
import sys
from pathlib import Path

import jax
import jax.numpy as jnp

from jaxgan.devices.compiler import compiler_options, enable_persistent_cache

events = []
jax.monitoring.register_event_listener(lambda name, **kwargs: events.append(name))
enable_persistent_cache(Path(sys.argv[1]) if sys.argv[1:] else None)


def big(x):
    for _ in range(40):
        x = jnp.tanh(x @ x + jnp.sort(x, axis=0))
    return x


options = compiler_options(jax.devices()[0])
compiled = jax.jit(big, compiler_options=options).lower(jnp.ones((9, 9))).compile()
hits, misses = (events.count(f"/jax/compilation_cache/cache_{n}") for n in ("hits", "misses"))
print(hits, misses)
"""


def run(*arguments, **environment) -> tuple[int, int]:
    """Run the program in a new process; return how many compilations the cache served, and not."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, arguments)],
        env={**os.environ, "JAX_PLATFORMS": "cpu", **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    hits, misses = map(int, done.stdout.split())
    return hits, misses


def test_a_second_process_compiles_from_the_cache(tmp_path):
    hits, misses = run(tmp_path / "new" / "folder")
    assert hits == 0 and misses >= 1
    hits, misses = run(tmp_path / "new" / "folder")
    assert hits >= 1 and misses == 0


def test_the_default_cache_lies_in_the_users_cache_folder(tmp_path):
    run(XDG_CACHE_HOME=str(tmp_path))
    assert list((tmp_path / "jaxgan" / "compiled").glob("jit_big-*"))


def test_a_cache_of_the_users_own_is_kept(tmp_path):
    run(tmp_path / "ours", JAX_COMPILATION_CACHE_DIR=str(tmp_path / "theirs"))
    assert not (tmp_path / "ours").exists()


@pytest.fixture
def cpu():
    return jax.devices()[0]


def test_cpu_programs_do_without_ynnpack(cpu):
    """The option must do what it is for: if a newer jaxlib ignores it, this says so."""
    x = jnp.ones((2, 8, 8, 16))
    kernel = jnp.ones((3, 3, 16, 16))

    def convolve(x, kernel):
        y = jax.lax.conv_general_dilated(
            x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        return y @ kernel[0, 0]

    def program(options):
        compiled = jax.jit(convolve, compiler_options=options).lower(x, kernel).compile()
        return compiled.as_text()

    assert "ynn_fusion" in program({})
    assert "ynn_fusion" not in program(compiler.compiler_options(cpu))


def test_an_option_that_jaxlib_no_longer_knows_is_left_out(cpu, monkeypatch):
    known = dict(compiler.WORTH_HAVING["cpu"])
    monkeypatch.setitem(compiler.WORTH_HAVING, "cpu", {"xla_cpu_gone_last_year": "1", **known})
    assert compiler.compiler_options(cpu) == known


def test_a_gpu_has_no_options():
    assert compiler.compiler_options(types.SimpleNamespace(platform="gpu")) == {}


@pytest.mark.parametrize(("all_at_once", "preallocate"), [(True, "true"), (False, "false")])
def test_memory_of_a_gpu(monkeypatch, all_at_once, preallocate):
    monkeypatch.setattr(os, "environ", {})
    compiler.reserve_gpu_memory(all_at_once)
    expected = {"XLA_CLIENT_MEM_FRACTION": "0.9", "XLA_PYTHON_CLIENT_PREALLOCATE": preallocate}
    assert os.environ == expected
    jax_reads = xla_client.generate_pjrt_gpu_plugin_options()
    assert (jax_reads["memory_fraction"], jax_reads["preallocate"]) == (0.9, all_at_once)


def test_memory_of_a_gpu_as_the_user_asks(monkeypatch):
    users = {"XLA_PYTHON_CLIENT_MEM_FRACTION": "0.4", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    monkeypatch.setattr(os, "environ", dict(users))
    compiler.reserve_gpu_memory(all_at_once=True)
    assert os.environ == users
    assert xla_client.generate_pjrt_gpu_plugin_options()["memory_fraction"] == 0.4


def test_networks_are_compiled_with_the_options(monkeypatch):
    """At the first call, not before: what a module decorates starts no devices."""
    monkeypatch.setattr(compiler, "compiler_options", lambda device: {"xla_no_such": "1"})
    double = compiler.jit(lambda x: 2 * x)
    with pytest.raises(jax.errors.JaxRuntimeError, match="No such compile option: 'xla_no_such'"):
        double(1.0)


def test_a_cpu_keeps_barriers(cpu):
    """Without them a rematerialised block would be kept, and transposing loops would grow."""

    def two_sines(x):
        return jnp.cos(jax.lax.optimization_barrier(jnp.sin(x))).T

    lowered = jax.jit(two_sines).lower(jnp.ones((64, 32)))
    kept = lowered.compile(compiler.compiler_options(cpu))
    assert "opt-barrier" in kept.as_text() and "opt-barrier" not in lowered.compile().as_text()


def test_without_a_folder_that_can_be_written_nothing_is_kept(tmp_path, monkeypatch):
    """As for a user without HOME, without an entry in the user database, or a read-only home."""

    def no_home():
        raise RuntimeError("Could not determine home directory.")

    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    before = jax.config.jax_compilation_cache_dir
    jax.config.update("jax_compilation_cache_dir", None)
    try:
        for _ in range(2):
            folder = compiler.cache_folder()
            assert os.access(folder, os.W_OK) and tmp_path not in folder.parents
            compiler.enable_persistent_cache()
            assert jax.config.jax_compilation_cache_dir is None
            monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
            monkeypatch.setattr(compiler.Path, "home", no_home)
    finally:
        jax.config.update("jax_compilation_cache_dir", before)


@pytest.mark.parametrize(
    ("variable", "line"),
    [
        ("JAX_ENABLE_X64=1", "JAX_ENABLE_X64 = 1: jaxgan computes in float32; unset it"),
        ("JAX_PLATFORMS=cuda", "JAX_PLATFORMS = 'cuda': no such device here ("),
        ("JAX_PLATFORMS=abacus", "JAX_PLATFORMS = 'abacus': no such device here ("),
    ],
)
def test_what_the_environment_asks_for_in_vain(variable, line, tmp_path):
    name, _, value = variable.partition("=")
    environment = {**os.environ, "PYTHONPATH": os.getcwd(), "JAX_PLATFORMS": "cpu", name: value}
    flags = ("--config=debug", f"--workdir={tmp_path}/run")
    done = subprocess.run(
        [sys.executable, "-m", "jaxgan", "train", *flags],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 1 and last.startswith(f"jaxgan train: {line}")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("chips", "chosen", "plugin", "expected"),
    [
        (0, None, False, "cpu"),
        (4, None, False, None),
        (0, "cuda", False, "cuda"),
        (0, None, True, None),
    ],
)
def test_libtpu_is_not_started_where_no_chip_is(chips, chosen, plugin, expected, monkeypatch):
    monkeypatch.setattr(
        compiler.hardware_utils, "num_available_tpu_chips_and_device_id", lambda: (chips, None)
    )
    monkeypatch.setattr(compiler.metadata, "entry_points", lambda group: ["gpu"] * plugin)
    before = jax.config.jax_platforms
    jax.config.update("jax_platforms", chosen)
    try:
        compiler.pass_over_missing_tpu()
        assert jax.config.jax_platforms == expected
    finally:
        jax.config.update("jax_platforms", before)


def test_a_deterministic_program_is_promised_or_refused(monkeypatch):
    gpu = types.SimpleNamespace(platform="gpu")
    monkeypatch.setattr(compiler, "_is_known", lambda device, name, value: True)
    assert compiler.compiler_options(gpu, deterministic=True) == compiler.DETERMINISTIC["gpu"]
    assert compiler.compiler_options(gpu) == {}
    cpu = types.SimpleNamespace(platform="cpu")
    assert compiler.compiler_options(cpu, True) == compiler.compiler_options(cpu)
    monkeypatch.setattr(compiler, "_is_known", lambda device, name, value: False)
    with pytest.raises(ValueError, match=r"train\.deterministic = True: .* know xla_gpu_exclude"):
        compiler.compiler_options(gpu, deterministic=True)
