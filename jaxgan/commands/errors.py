"""Which errors are answers, printed in one line, and which are faults of jaxgan, with a traceback.

An answer is
  * a ValueError, OSError or RuntimeError that a `raise` statement of jaxgan raised: its message
    names the field or flag, its value and what to write instead;
  * what the operating system says about a file or a full disk;
  * one of JAX's few messages about the machine, in ANSWERS.
Everything else was not foreseen, including a ValueError from inside JAX or NumPy, or from a
function that jaxgan called with wrong arguments.
"""

import dis
import os
from pathlib import Path
from types import TracebackType

import jaxgan
from jaxgan.files import limits
from jaxgan.files.desk import with_urls

PACKAGE = str(Path(jaxgan.__file__).parent) + os.sep
REPORT = (
    "this was not foreseen. If the last lines are not of a file of yours, please report it: the "
    "command, the lines above, and what `jaxgan --version` prints"
)
# The beginning of a message of JAX -> what to do.
ANSWERS = {
    "RESOURCE_EXHAUSTED": "the device has too little memory: write a smaller batch, more "
    "train.microbatches or model.remat = True; `jaxgan compile` with a --topology, such as h100 or "
    "v5e:2x2, says which of them suffices",
}


def answer(error: BaseException) -> str | None:
    """Return the line that answers an error; None if it is a fault."""
    if isinstance(error, OSError) and (error.filename is not None or error.errno in limits.FULL):
        return _line(error)
    if isinstance(error, RuntimeError):
        for beginning, remedy in ANSWERS.items():
            if str(error).startswith(beginning):
                return f"{_line(error)}: {remedy}"
    foreseen = isinstance(error, ValueError | OSError | RuntimeError)
    if not foreseen or isinstance(error, NotImplementedError | RecursionError | UnicodeError):
        return None
    return _line(error) if _raised_by_jaxgan(error.__traceback__) else None


def _raised_by_jaxgan(trace: TracebackType | None) -> bool:
    """Return whether the innermost frame is one of jaxgan's, at a `raise` statement."""
    if trace is None:
        return False
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    raises = code.co_code[trace.tb_lasti] == dis.opmap["RAISE_VARARGS"]
    return raises and code.co_filename.startswith(PACKAGE)


def _line(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return with_urls(f"{error.filename}: {error.strerror}")
    return with_urls(" ".join(str(error).split())) or type(error).__name__
