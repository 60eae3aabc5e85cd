"""Text files, read as UTF-8 whatever the machine's locale."""

from pathlib import Path


def read_text(path: Path) -> str:
    """Return a file's text without a byte order mark.

    Raises:
      ValueError: the file is not UTF-8; the message names the line.
      OSError: it cannot be read.
    """
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        byte = error.object[error.start]
        raise ValueError(
            f"{path}: line {line} is not UTF-8 (byte 0x{byte:02x}); save the file as UTF-8"
        ) from error
