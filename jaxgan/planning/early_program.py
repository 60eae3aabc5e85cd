"""The program that a TPU compiler makes of a step, without waiting for its machine code.

XLA dumps a program (option `xla_dump_to`) once it is optimised, scheduled and placed in memory,
which is all that a cost report needs. Generating code for every operation comes after that and
takes more than nine tenths of the time: all but one of BigGAN-256's 15 minutes on one core. It
cannot be cancelled, and keeps running in its own thread until the process ends. What stays unknown
is the size of the code, 0.2 to 0.5 GiB at full size, and its expected time.
"""

import os
import re
import sys
import tempfile
import threading
from pathlib import Path

import jax

# The last file to be written: once it exists, the others are complete.
LAST = "*.after_optimizations_after_buffer_assignment.txt"
_ALLOCATION = re.compile(r"^allocation \d+: size (\d+), page \d+, (.*):$", re.MULTILINE)


def optimised(lowered: jax.stages.Lowered) -> tuple[str, dict[str, int]]:
    """Return the compiled program's text (HLO) and its bytes on one device.

    Bytes: "arguments", "temporaries", and "peak", which is their sum plus the results that replace
      no argument. Raises what the compiler raises. Afterwards end the process with `leave`.
    """
    raised: list[Exception] = []

    def compile_all(folder: str) -> None:
        options = {"xla_dump_to": folder, "xla_dump_hlo_as_text": True}
        try:
            lowered.compile(compiler_options=options)
        except Exception as error:  # raised again below, by the waiting thread
            raised.append(error)

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        thread = threading.Thread(target=compile_all, args=(folder,), daemon=True)
        thread.start()
        while thread.is_alive() and not list(Path(folder).glob(LAST)):
            thread.join(0.2)
        if raised:
            raise raised[0]
        if not list(Path(folder).glob(LAST)):
            raise RuntimeError("this TPU compiler writes no program: write --code")
        text, allocations = (
            next(Path(folder).glob(f"*.after_optimizations{name}.txt")).read_text("utf-8")
            for name in ("", "-buffer-assignment")
        )
    return text, allocated(allocations)


def allocated(text: str) -> dict[str, int]:
    """Return the bytes in main memory according to XLA's list of allocations.

    Allocations with a color lie elsewhere. Scalars inside operations and constants (kilobytes) are
    left out, and so are 15.5 KiB that the code reserves.
    """
    size = {"arguments": 0, "temporaries": 0, "results": 0}
    for bytes_, kind in _ALLOCATION.findall(text):
        if re.match(r"parameter \d", kind):
            size["arguments"] += int(bytes_)
        elif kind.endswith("live-out"):
            size["results"] += int(bytes_)
        elif kind == "preallocated-temp":
            size["temporaries"] += int(bytes_)
    return size | {"peak": size["arguments"] + size["temporaries"] + size.pop("results")}


def leave(status: int) -> None:
    """End the process at once, together with the thread that is still generating machine code."""
    sys.stdout.flush()
    os._exit(status)
