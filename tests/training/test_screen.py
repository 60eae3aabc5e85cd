"""The live line says what the device has done; elsewhere lines are plain."""

import io
import os
import pty
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from PIL import Image

from jaxgan.training import screen
from jaxgan.training.progress import next_commands
from jaxgan.training.screen import WIDEST, Screen

ROOT = Path(__file__).parents[2]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Result:
    """An array that the device has made, or will make."""

    def __init__(self, done: bool):
        self.done = done

    def is_ready(self) -> bool:
        return self.done


def on_a_terminal(tmp_path, monkeypatch) -> Screen:
    monkeypatch.setattr(sys, "stdout", Terminal())
    return Screen(tmp_path, threading.Event(), last=100, images=64)


def test_rate_and_time_left_are_of_the_steps_that_are_done(tmp_path, monkeypatch):
    """Ten steps wait at the device; the first took 30 s to compile, which does not count."""
    live = on_a_terminal(tmp_path, monkeypatch)
    waiting = [Result(False) for _ in range(60)]
    for step, result in enumerate(waiting, 1):
        live.started(step, {"d/loss": result})
    live._count(29.0)
    assert live._first is None
    waiting[0].done = True
    live._count(30.0)
    assert live.text(31.0) == f"step 1/100  {'╌' * WIDEST}  "  # no rate of one step
    for result in waiting[:50]:
        result.done = True
    live._count(42.25)
    shown = live.text(42.25)  # 49 steps in 12.25 s: 4 a second, 256 images, 50 steps in 12.5 s
    half = "━" * (WIDEST // 2) + "╌" * (WIDEST // 2)
    assert shown == f"step 50/100  {half}  256 images/s  12s left  "
    live.logged("plain", {"d/loss": 1.25, "g/loss": -0.5, "d/grad_norm": 3.0})
    live._noun = "tunes"
    assert "  256 tunes/s  " in live.text(42.25)
    assert live.text(42.25).endswith("left  d/loss +1.250  g/loss -0.500")


def test_a_terminal_gets_the_live_line_and_the_log_the_plain_ones(tmp_path, monkeypatch):
    live = on_a_terminal(tmp_path, monkeypatch)
    monkeypatch.setattr(screen, "EVERY", 0.01)
    with live:
        live.started(1, {"m": Result(True)})
        live.logged("step 1/100 plain", {"d/loss": 2.0})
        live("a warning")
        until = time.monotonic() + 10
        while "d/loss +2.000" not in sys.stdout.getvalue() and time.monotonic() < until:
            time.sleep(0.01)
    written = sys.stdout.getvalue()
    assert "d/loss +2.000" in written
    assert "\r\033[Ka warning\n" in written and written.endswith("\r\033[K")
    assert "plain" not in written
    assert (tmp_path / "training.log").read_text() == "step 1/100 plain\n"


def test_a_terminal_shows_the_last_sheet(tmp_path, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(screen.terminal.os, "environ", {"COLORTERM": "truecolor"})
    monkeypatch.setattr(screen.terminal, "attributes", set)
    live = on_a_terminal(tmp_path, monkeypatch)
    Image.new("RGB", (1, 2), (1, 2, 3)).save(tmp_path / "sheet.png")
    live.picture(tmp_path / "sheet.png")
    assert sys.stdout.getvalue() == "\r\033[K\033[38;2;1;2;3;48;2;1;2;3m▀\033[0m\n"


def test_elsewhere_lines_are_plain(tmp_path, capsys):
    Image.new("RGB", (1, 2)).save(tmp_path / "sheet.png")
    with Screen(tmp_path, threading.Event(), 100, 64) as say:
        say("described")
        say.started(1, {"m": Result(True)})
        say.logged("step 1/100", {"d/loss": 2.0})
        say.picture(tmp_path / "sheet.png")
    assert capsys.readouterr().out == "described\nstep 1/100\n"
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.png"]


def test_a_reader_that_is_gone_stops_the_run_and_nothing_else(tmp_path, monkeypatch):
    read, write = os.pipe()
    os.close(read)
    stop = threading.Event()
    with os.fdopen(write, "w") as closed:
        monkeypatch.setattr(sys, "stdout", closed)
        say = Screen(tmp_path, stop, 100, 64)
        say("nobody reads this")
        assert stop.is_set()
        say("nor this")
        print("nor this", flush=True)


def test_what_is_next_can_be_copied(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    commands = next_commands(tmp_path / "my runs" / "a")
    assert len(commands) == 3 and all("'my runs/a'" in line for line in commands)
    assert str(Path("/elsewhere")) in next_commands(Path("/elsewhere"))[0]
    names = {"samples": "explore", "translations": "translate", "episodes": "sample"}
    names |= {"drawings": "translate", "speech": "export"}
    for makes, command in names.items():
        assert f"jaxgan {command} runs/a" in next_commands(tmp_path / "runs" / "a", makes)[1]
    (line,) = next_commands(tmp_path / "runs" / "a", "samples of numbers")  # no metric knows them
    assert line.startswith("jaxgan sample runs/a ")
    assert len(next_commands(tmp_path, "")) == 1


@pytest.mark.slow
def test_a_training_in_a_terminal(tmp_path):
    """Its own bytes, read at the other end of a pseudo-terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "jaxgan", "train", "--config=debug", f"--workdir={tmp_path}/a"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}
    with subprocess.Popen(command, stdout=theirs, env=environment, cwd=tmp_path) as process:
        os.close(theirs)
        written = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # closed by the other end
                break
            if not part:
                break
            written += part
    os.close(ours)
    text = written.decode()
    assert process.returncode == 0 and "jaxgan explore a" in text
    assert "\rstep " in text and "images/s" in text
    plain = (tmp_path / "a" / "training.log").read_text().splitlines()
    assert plain and all(line.startswith("step ") for line in plain)
