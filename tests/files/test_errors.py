"""Whatever an error says, one line of it is shown."""

import pytest

from jaxgan.files.errors import one_line


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("first\nsecond"), "first"),
        (ValueError("\n  first  "), "first"),
        (ValueError(), "ValueError"),
        (OSError(28, "No space left on device", "/a"), "No space left on device"),
        (OSError("cannot"), "cannot"),
        (KeyError("name"), "'name'"),
        (RuntimeError("x" * 999), "x" * 200),
    ],
)
def test_an_error_is_one_line(error, line):
    assert one_line(error) == line
