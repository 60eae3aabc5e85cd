"""An error in one line, for messages that mention it in passing."""

LONGEST = 200  # characters


def one_line(error: BaseException) -> str:
    """Return the first line of an error: its strerror or text, or else the name of its
    type."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (str(text).strip().splitlines() or [type(error).__name__])[0][:LONGEST]
