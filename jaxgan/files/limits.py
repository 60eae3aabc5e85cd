"""Limits of the machine: memory, disk space, quotas, open files.

Such an error does not mean that the file being read is damaged. Code that treats every other error
as damage, and leaves out a record because of it, must first pass these on.
"""

import errno

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # of a write; EFBIG: a file size limit
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

    C++ libraries raise exceptions of other types, so the text is looked at too.
    """
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    text = str(error).lower()
    if "no space left" in text or "quota exceeded" in text:
        return True
    return error.__cause__ is not None and is_full(error.__cause__)
