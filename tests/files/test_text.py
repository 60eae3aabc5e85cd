"""Text is UTF-8; the line that is not is named."""

import pytest

from jaxgan.files.text import read_text


def test_utf8_with_and_without_a_mark(tmp_path):
    for encoding in ("utf-8", "utf-8-sig"):
        (tmp_path / "x").write_bytes("größe\n貓\n".encode(encoding))
        assert read_text(tmp_path / "x") == "größe\n貓\n"


@pytest.mark.parametrize(("data", "line"), [(b"\xff", 1), (b"a\nb\n\xe9\n", 3), (b"a\r\n\xe9", 2)])
def test_the_line_is_named(tmp_path, data, line):
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(ValueError, match=rf"x: line {line} is not UTF-8 \(byte 0x(ff|e9)\)"):
        read_text(tmp_path / "x")
