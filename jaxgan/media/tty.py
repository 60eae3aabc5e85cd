"""What a terminal says of itself when it is asked, and how wide it is."""

import fcntl
import os
import re
import select
import struct
import termios
import time

PATIENCE = 1.0  # seconds in which a terminal answers


def attributes() -> set[int]:
    """Return what the terminal answers when asked for its device attributes.

    Nothing where it does not answer in PATIENCE, in the background, and where keys that somebody
    pressed are waiting to be read: those stay.
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
    """Return what a terminal answers to a question up to its end, not shown; b"" for nothing."""
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
    """Return how many pixels a terminal is wide, 0 where it does not say."""
    try:
        size = fcntl.ioctl(terminal, termios.TIOCGWINSZ, b"\0" * 8)
    except OSError:
        return 0
    return struct.unpack("4H", size)[2]  # rows, columns, width, height
