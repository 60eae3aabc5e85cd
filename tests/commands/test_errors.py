"""Answers in one line, faults with their traceback."""

import errno
import os

import jax
import jax.numpy as jnp
import pytest

from jaxgan import main
from jaxgan.commands import errors
from jaxgan.config import check, default_config
from jaxgan.config.files import load


def raised(function, *arguments) -> BaseException:
    with pytest.raises(Exception) as caught:
        function(*arguments)
    return caught.value


def test_a_refusal_of_jaxgan_is_an_answer():
    config = default_config()
    config.train.batch = 0
    expected = "train.batch = 0: write a whole number of 1 or more, such as 2048"
    assert errors.answer(raised(check, config, 1)) == expected
    assert errors.answer(raised(load, "nope.py")).startswith("--config=nope.py: no such file")


def test_what_the_system_says_of_a_file_is_an_answer(tmp_path):
    said = errors.answer(raised(open, tmp_path / "none"))
    assert said == f"{tmp_path}/none: No such file or directory"
    assert "No space left" in errors.answer(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    assert errors.answer(OSError(errno.EBADF, "Bad file descriptor")) is None


@pytest.mark.parametrize(
    "fault",
    [
        lambda: jnp.zeros((2, 3)).reshape(7),  # a ValueError or TypeError from inside JAX
        lambda: jax.lax.concatenate([jnp.zeros(2), jnp.zeros((2, 2))], 0),
        lambda: load.__wrapped__,
        lambda: [] + {},
        lambda: {}["x"],
    ],
)
def test_faults(fault):
    assert errors.answer(raised(fault)) is None


def test_a_value_error_that_jaxgan_ran_into_is_a_fault(tmp_path):
    """Its innermost frame is jaxgan's, but no `raise` is there: int("x") is."""
    source = (
        "def run():\n    return int('x')\n\n\ndef refuse():\n    raise ValueError('x: write y')\n"
    )
    found: dict = {}
    exec(compile(source, errors.PACKAGE + "made_up.py", "exec"), found)
    assert errors.answer(raised(found["run"])) is None
    assert errors.answer(raised(found["refuse"])) == "x: write y"
    exec(compile(source, str(tmp_path / "made_up.py"), "exec"), found)
    assert errors.answer(raised(found["refuse"])) is None  # somebody else's


def test_what_jax_says_of_the_machine_is_an_answer():
    assert "write a smaller batch" in errors.answer(RuntimeError("RESOURCE_EXHAUSTED: 3 GB"))
    assert errors.answer(RuntimeError("INTERNAL: RET_CHECK failure")) is None


def test_a_fault_is_shown_with_how_to_report_it(monkeypatch, capsys):
    def fail(argv):
        return jnp.zeros((2, 3)).reshape(7)

    monkeypatch.setattr(main, "main", fail)
    with pytest.raises(SystemExit) as stop:
        main.run()
    shown = capsys.readouterr().err
    assert stop.value.code == 1
    assert "Traceback" in shown and "reshape(7)" in shown and "please report it" in shown
