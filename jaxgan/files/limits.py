"""Limits of the machine: memory, disk space, quota, open files.

They are not damage of the file being read. Code that treats any other error as damage, and leaves
a record out because of it, first passes these on.
"""

import errno

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # of a write; the last is a limit on files
ERRNOS = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC, errno.EDQUOT}


def is_limit(error: BaseException) -> bool:
    """Return whether an error is a limit of the machine."""
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in ERRNOS)


def pass_on(error: BaseException) -> None:
    """Raise the error again if it is a limit of the machine."""
    if is_limit(error):
        raise error


def is_full(error: BaseException) -> bool:
    """Return whether an error, or its cause, is a full disk or an exhausted quota.

    Libraries in C++ raise kinds of their own, so the text counts too.
    """
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    text = str(error).lower()
    if "no space left" in text or "quota exceeded" in text:
        return True
    return error.__cause__ is not None and is_full(error.__cause__)
