"""Limits of the machine are told from damage, and full disks by any library's words."""

import errno

import pytest

from jaxgan.files.limits import is_full, is_limit, pass_on

LIMITS = [MemoryError(), *(OSError(n, "x") for n in (errno.EMFILE, errno.ENFILE, errno.ENOMEM))]
FULL = [OSError(errno.ENOSPC, "x"), OSError(errno.EDQUOT, "x")]
DAMAGE = [ValueError("x"), OSError(errno.ENOENT, "x"), OSError("truncated"), EOFError()]


@pytest.mark.parametrize("error", LIMITS + FULL)
def test_limits_are_passed_on(error):
    assert is_limit(error)
    with pytest.raises(type(error)) as raised:
        pass_on(error)
    assert raised.value is error


@pytest.mark.parametrize("error", DAMAGE)
def test_damage_is_not(error):
    assert not is_limit(error) and not is_full(error)
    pass_on(error)


def test_a_full_disk_is_known_by_number_text_or_cause():
    assert all(map(is_full, FULL)) and not any(map(is_full, LIMITS))
    assert is_full(RuntimeError("write failed: No space left on device [type=x]"))
    assert is_full(RuntimeError("Disk quota exceeded"))
    try:
        raise OSError("out/x: cannot be written") from FULL[0]
    except OSError as error:
        assert is_full(error)
