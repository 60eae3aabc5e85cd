"""SIGINT, SIGTERM and SIGHUP: a line at once; then the command ends as soon as Python runs again.

Python runs a signal's handler only between two of its own instructions, not while XLA compiles,
which can take minutes. So a thread, woken by the signal itself (`signal.set_wakeup_fd`), prints the
line, and ends the process at a second Ctrl-C. The thread also repeats the request if the exception
is lost: raised in a callback of the garbage collector, or caught by an `except BaseException`.

`train` replaces the handlers by its own (training/train.py), which save first.
"""

import contextlib
import os
import select
import signal
import sys
import threading
import weakref
from collections.abc import Iterator

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PERIOD = 0.5  # seconds between checks whether the exception was lost

_raised: list[weakref.ref] = []  # the Stopped that is propagating in the main thread


class Stopped(KeyboardInterrupt):
    """A signal has asked this process to stop."""

    def __init__(self, number: int):
        super().__init__(number)
        self.exit_code = 128 + number


def handle() -> None:
    """Raise Stopped in the main thread at the first signal that is not ignored (nohup)."""
    if threading.current_thread() is not threading.main_thread():
        return
    _raised.clear()
    numbers: list[int] = []

    def stop(number: int, _) -> None:
        numbers.append(number)
        if _raised and _raised[0]() is not None:
            return  # another would interrupt the cleaning up
        # Worker threads fail over what the main thread leaves behind: do not print that.
        sys.excepthook = sys.unraisablehook = threading.excepthook = lambda *_: None
        error = Stopped(numbers[0])
        _raised[:] = [weakref.ref(error)]
        try:
            raise error
        finally:
            del error  # its traceback refers to this frame: break the cycle

    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)


@contextlib.contextmanager
def announced(line: str) -> Iterator[None]:
    """In this block, print `line` at the first signal, and end the process at a second Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    read, write = os.pipe()
    os.set_blocking(write, False)
    old = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    thread = threading.Thread(target=_listen, args=(read, line), name="signals", daemon=True)
    thread.start()
    handle()
    try:
        yield
    finally:
        signal.set_wakeup_fd(old)
        for number, handler in before.items():
            if handler is not None:  # None: not set from Python
                signal.signal(number, handler)
        os.close(write)
        thread.join()
        os.close(read)


def _listen(read: int, line: str) -> None:
    is_first, main = True, threading.main_thread().ident
    while True:
        if not select.select([read], [], [], None if is_first else PERIOD)[0]:
            if main is not None and _raised and _raised[0]() is None:
                signal.pthread_kill(main, signal.SIGTERM)
            continue
        byte = os.read(read, 1)
        if not byte:
            return
        if byte[0] in SIGNALS and is_first:
            is_first = False
            with contextlib.suppress(OSError, ValueError):  # no reader
                print(line, file=sys.stderr, flush=True)
        elif byte[0] == signal.SIGINT:
            os._exit(128 + signal.SIGINT)
