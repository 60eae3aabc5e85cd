"""Signals: one line at once, exit codes 130, 143 and 129, no traceback."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
# A command that says when it runs; `system` waits in C, where no Python handler runs.
CODE = """
import ctypes, signal, sys, time
from jaxgan import main
from jaxgan.commands.command import Command

def calls(values):
    print("runs", flush=True)
    ctypes.CDLL(None).system(b"sleep 10")
    time.sleep(60)

def waits(values):
    try:
        print("runs", flush=True)
        time.sleep(60)
    except KeyboardInterrupt:
        time.sleep(60)

def swallows(values):
    try:
        print("runs", flush=True)
        time.sleep(60)
    except BaseException:
        pass
    time.sleep(60)

kind = sys.argv.pop(1)
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored below a shell's `pytest &`
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # and below nohup
run = {"calls": calls, "swallows": swallows}.get(kind, waits)
if kind == "ignores":
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
main.command_named = lambda name: Command(name, "", "", run, uses_jax=False)
main.run()
"""


def started(kind: str) -> subprocess.Popen:
    command = [sys.executable, "-c", CODE, kind, "sample"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True)
    assert process.stdout.readline() == "runs\n"
    return process


LINE = "jaxgan sample: stopping; Ctrl-C again: at once\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_is_answered_at_once_although_python_does_not_run(number, code):
    with started("calls") as process:
        process.send_signal(number)
        assert process.stderr.readline() == LINE  # while `system` still waits
        assert process.poll() is None
        assert (process.wait(20), process.stderr.read()) == (code, "")


def test_a_second_interrupt_ends_it_at_once():
    with started("waits") as process:
        process.send_signal(signal.SIGINT)
        assert process.stderr.readline() == LINE
        process.send_signal(signal.SIGTERM)  # as often as a scheduler likes
        process.send_signal(signal.SIGINT)
        assert (process.wait(20), process.stderr.read()) == (130, "")


def test_code_that_swallows_it_is_asked_again():
    with started("swallows") as process:
        process.send_signal(signal.SIGINT)
        assert (process.wait(20), process.stderr.read()) == (130, LINE)


def test_a_hangup_that_is_ignored_stays_ignored():
    with started("ignores") as process:
        process.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        process.kill()
