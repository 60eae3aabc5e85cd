"""All processes of a job meet at the coordinator's address before JAX uses it.

JAX ends a process without an explanation when the port is taken or when others do not come. So
process 0 listens there first, each other process connects and says who it is, and when all are
present process 0 frees the port and lets them go on. On failure every process says who is missing.

A connection carries two lines: "INDEX of COUNT" to process 0, then "go" or the reason why not.
"""

import contextlib
import errno
import selectors
import socket
import time

GO = "go"
LONGEST = 1000  # bytes of a line


def split_address(address: str) -> tuple[str, int]:
    """Return host and port. Raises ValueError."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"JAX_COORDINATOR_ADDRESS={address}: write HOST:PORT")
    return host, int(port)


def meet(address: str, count: int, index: int, timeout: float) -> None:
    """Return when all processes are present. Raises RuntimeError, with one line, in all of them."""
    host, port = split_address(address)
    if count > 1 and index:
        _come(address, host, port, f"{index} of {count}", timeout)
    else:
        _gather(address, port, count, timeout)


def _gather(address: str, port: int, count: int, timeout: float) -> None:
    with contextlib.ExitStack() as stack:
        try:
            listener = stack.enter_context(_listen(port))
        except OSError as error:
            known = error.errno == errno.EADDRINUSE
            why = "another program uses that port" if known else error.strerror
            raise RuntimeError(
                f"process 0 cannot listen at {address} ({why}): write another port in "
                "JAX_COORDINATOR_ADDRESS, or in JAX_COORDINATOR_PORT with JAXGAN_DISTRIBUTED=1, "
                "the same for all processes"
            ) from error
        present: dict[int, socket.socket] = {}
        problem = ""
        end = time.monotonic() + timeout
        with selectors.DefaultSelector() as selector:
            selector.register(listener, selectors.EVENT_READ)
            while len(present) < count - 1 and not problem:
                if time.monotonic() > end:
                    missing = [str(i) for i in range(1, count) if i not in present]
                    problem = f"{_named(missing)} did not come to {address} within {timeout:g} s"
                for key, _ in selector.select(max(min(end - time.monotonic(), 1.0), 0.0)):
                    if key.fileobj is listener:
                        other = stack.enter_context(listener.accept()[0])
                        other.settimeout(5.0)
                        selector.register(other, selectors.EVENT_READ)
                        continue
                    other = key.fileobj
                    assert isinstance(other, socket.socket)
                    said = _line(other)
                    selector.unregister(other)  # it sends nothing more
                    problem = problem or _enter(said, other, count, present)
        for other in present.values():
            with contextlib.suppress(OSError):  # it is gone: JAX will notice
                other.sendall(f"{problem or GO}\n".encode())
    if problem:
        raise RuntimeError(f"{problem}: start all processes with the same count, each once")


def _enter(said: str, other: socket.socket, count: int, present: dict) -> str:
    """Note which process came; return what is wrong with it, "" if nothing. Strangers are
    ignored."""
    words = said.split(" ")
    if len(words) != 3 or words[1] != "of" or not (words[0].isdecimal() and words[2].isdecimal()):
        return ""
    index, believed = int(words[0]), int(words[2])
    problem = ""
    if believed != count:
        problem = f"process {index} was started as one of {believed}, process 0 as one of {count}"
    elif index in present:
        problem = f"two processes were started with the number {index}"
    present[index if not problem else -1 - len(present)] = other  # who is told the outcome
    return problem


def _come(address: str, host: str, port: int, me: str, timeout: float) -> None:
    end = time.monotonic() + timeout
    while True:
        try:
            with socket.create_connection((host, port), timeout=5.0) as first:
                first.sendall(f"{me}\n".encode())
                first.settimeout(max(end - time.monotonic(), 1.0) + 5.0)
                answer = _line(first)
            break
        except OSError as error:
            if time.monotonic() > end:
                raise RuntimeError(
                    f"the coordinator at {address} does not answer after {timeout:g} s "
                    f"({error.strerror or error}): start process 0 there, or write its address"
                ) from error
            time.sleep(0.5)
    if answer != GO:
        raise RuntimeError(answer or f"process 0 at {address} ended before all had come")


def _listen(port: int) -> socket.socket:
    if socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server(("", port))


def _line(connection: socket.socket) -> str:
    """Return a line without its line break; "" if there is none."""
    data = b""
    with contextlib.suppress(OSError):
        while b"\n" not in data and len(data) < LONGEST and (more := connection.recv(LONGEST)):
            data += more
    return data.partition(b"\n")[0].decode(errors="replace")


def _named(missing: list[str]) -> str:
    shown = ", ".join(missing[:10]) + (", ..." if len(missing) > 10 else "")
    return f"process {shown}" if len(missing) == 1 else f"processes {shown}"
