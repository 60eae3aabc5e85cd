"""What a terminal reports about itself when asked, and its width."""

import fcntl
import os
import re
import select
import struct
import termios
import time

PATIENCE = 1.0  # seconds to wait for a terminal's answer


def attributes() -> set[int]:
    """Return the terminal's device attributes, by asking it.

    Empty if it does not answer within PATIENCE, if the process is in the background, or if typed
    keys are waiting to be read: these must not be lost.
    """
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:  # none
        return set()
    try:
        if os.tcgetpgrp(terminal) != os.getpgrp():
            return set()
        found = re.search(rb"\033\[\?([\d;]+)c", asked(terminal, b"\033[c", b"c"))
        return {int(number) for number in found[1].split(b";") if number} if found else set()
    except (OSError, termios.error):
        return set()
    finally:
        os.close(terminal)


def asked(terminal: int, question: bytes, end: bytes) -> bytes:
    """Return a terminal's answer to a question, up to `end`, without echo; b"" if there is none."""
    before, quiet = termios.tcgetattr(terminal), termios.tcgetattr(terminal)
    quiet[3] &= ~(termios.ICANON | termios.ECHO)
    answer, until = b"", time.monotonic() + PATIENCE
    is_ready = lambda seconds: bool(select.select([terminal], [], [], max(seconds, 0.0))[0])
    termios.tcsetattr(terminal, termios.TCSANOW, quiet)
    try:
        if is_ready(0.0):
            return b""
        os.write(terminal, question)
        while not answer.endswith(end) and is_ready(until - time.monotonic()):
            answer += os.read(terminal, 64)
        return answer
    finally:
        termios.tcsetattr(terminal, termios.TCSANOW, before)


def pixels_wide(terminal: int) -> int:
    """Return the width of a terminal in pixels; 0 if it does not say."""
    try:
        size = fcntl.ioctl(terminal, termios.TIOCGWINSZ, b"\0" * 8)
    except OSError:
        return 0
    return struct.unpack("4H", size)[2]  # rows, columns, width, height
