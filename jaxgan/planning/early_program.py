"""The program that a TPU compiler makes of a step, without waiting for its machine code.

XLA writes a program down (its option `xla_dump_to`) once it is optimised, scheduled and placed in
memory. That is all that a report of its cost needs. Code for every operation comes after, and takes
more than nine tenths of the time: of BigGAN-256's 15 minutes on one core all but one. It cannot be
cancelled and keeps running in its own thread until the process ends. Only how large the code is,
0.2 to 0.5 GiB at full size, and how long it is expected to take stay unknown.
"""

import os
import re
import sys
import tempfile
import threading
from pathlib import Path

import jax

# Written last of all: the files before it are whole when it is there.
LAST = "*.after_optimizations_after_buffer_assignment.txt"
_ALLOCATION = re.compile(r"^allocation \d+: size (\d+), page \d+, (.*):$", re.MULTILINE)


def optimised(lowered: jax.stages.Lowered) -> tuple[str, dict[str, int]]:
    """Return the compiled program's text (HLO) and its bytes on one device.

    Bytes: "arguments", "temporaries", and "peak", which is both and the results that replace no
    argument. Raises what the compiler raises. Leave the process by `leave` afterwards.
    """
    raised: list[Exception] = []

    def compile_all(folder: str) -> None:
        options = {"xla_dump_to": folder, "xla_dump_hlo_as_text": True}
        try:
            lowered.compile(compiler_options=options)
        except Exception as error:  # raised again below, where it is waited for
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
    """Return bytes in main memory by XLA's list of allocations; those with a color lie elsewhere.

    Scalars inside operations and constants (kilobytes) are left out. So are 15.5 KiB that the code
    reserves.
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
    """End the process at once, with the thread that still makes machine code."""
    sys.stdout.flush()
    os._exit(status)
