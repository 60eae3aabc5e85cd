"""Errors in one line, for messages that name them in passing."""

LONGEST = 200  # characters


def one_line(error: BaseException) -> str:
    """Return the first line of what an error says: the system's words, or else its kind."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (str(text).strip().splitlines() or [type(error).__name__])[0][:LONGEST]
