"""Run a command as several processes on this machine's CPU: a rehearsal of a cluster.

    python launch/local.py --processes=2 --devices=4 -- train --config=... --workdir=...

Lines are marked with their process. A signal to this script is passed on to all. When one process
ends badly the others get a minute to notice and say so, then are ended; the exit code is the first
bad one.
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
import threading
import time


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(command: list[str], index: int, count: int, devices: int, address: str):
    environment = os.environ | {
        "JAX_PLATFORMS": "cpu",
        "JAX_NUM_CPU_DEVICES": str(devices),
        "JAX_COORDINATOR_ADDRESS": address,
        "JAX_NUM_PROCESSES": str(count),
        "JAX_PROCESS_ID": str(index),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "jaxgan", *command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,  # Ctrl-C reaches this script alone, which passes it on once
    )


def echo(index: int, process: subprocess.Popen) -> None:
    for line in process.stdout:
        print(f"[{index}] {line}", end="", flush=True)


def wait(processes: list[subprocess.Popen], grace: float) -> int:
    """Return the first exit code that is not 0, and end what is left after `grace` seconds."""
    code, end = 0, None
    while any(process.poll() is None for process in processes):
        for process in processes:
            if process.poll() and not code:
                code, end = process.returncode, time.monotonic() + grace
        if end is not None and time.monotonic() > end:
            for process in processes:
                process.kill()
        time.sleep(0.2)
    return code or next((p.returncode for p in processes if p.returncode), 0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--devices", type=int, default=1, help="CPU devices of each process")
    parser.add_argument("--grace", type=float, default=60.0, help="seconds after a failure")
    parser.add_argument("command", nargs="+", help="a jaxgan command and its flags, after --")
    options = parser.parse_args()
    address = f"127.0.0.1:{free_port()}"
    processes = [
        start(options.command, i, options.processes, options.devices, address)
        for i in range(options.processes)
    ]
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):  # all save, then stop
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda n, _: [p.send_signal(n) for p in processes])
    echoes = [threading.Thread(target=echo, args=pair) for pair in enumerate(processes)]
    for thread in echoes:
        thread.start()
    code = wait(processes, options.grace)
    for thread in echoes:
        thread.join()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
