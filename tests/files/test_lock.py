"""A folder has one holder at a time; death releases it, on another machine after a while."""

import contextlib
import json
import multiprocessing
import os
import signal
import time

import pytest

from jaxgan.files import lock

CONTEXT = multiprocessing.get_context("spawn")


def hold(path, connection):
    with lock.held(path):
        connection.send("held")
        connection.recv()


@contextlib.contextmanager
def other_process(path):
    ours, theirs = CONTEXT.Pipe()
    process = CONTEXT.Process(target=hold, args=(path, theirs))
    process.start()
    try:
        assert ours.recv() == "held"
        yield process, ours
    finally:
        process.kill()
        process.join()


def test_the_second_is_told_who_holds_it(tmp_path):
    path = tmp_path / "lock"
    with other_process(path) as (process, connection):
        with (
            pytest.raises(lock.HeldError, match=rf"process {process.pid} on .+, since 20\d\d-.*Z$"),
            lock.held(path),
        ):
            pass
        assert lock.read_holder(path)["process"] == process.pid  # as it was
        connection.send("let go")
        process.join(60)
    with lock.held(path) as token:
        assert lock.read_holder(path)["token"] == token and lock.wait_for_token(path, token, 0)
        assert not lock.wait_for_token(path, "another", 0.1)
    assert lock.read_holder(path) == {} and path.read_bytes() == b""


def test_a_killed_holder_lets_go_at_once(tmp_path):
    path = tmp_path / "lock"
    with other_process(path) as (process, _):
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        begin = time.monotonic()
        with lock.held(path):
            assert time.monotonic() - begin < 5


def test_a_holder_on_another_machine_is_watched(tmp_path, monkeypatch):
    """Stands for storage whose locks reach one machine only."""
    path, said = tmp_path / "lock", []
    path.write_text(json.dumps({"host": "elsewhere", "process": 7, "since": "noon"}))
    with lock.held(path, watch=0.3, say=said.append):  # it is silent
        pass
    assert len(said) == 1 and "process 7 on elsewhere, since noon" in said[0]
    path.write_text(json.dumps({"host": "elsewhere", "process": 7, "since": "noon"}))
    beats = iter(range(10))
    monkeypatch.setattr(lock, "_last_beat", lambda path: next(beats))
    with (
        pytest.raises(lock.HeldError, match="process 7 on elsewhere, since noon"),
        lock.held(path, watch=0.3, say=said.append),
    ):
        pass
    assert lock.read_holder(path)["host"] == "elsewhere"


def test_without_locks_the_sign_of_life_decides(tmp_path, monkeypatch):
    path = tmp_path / "lock"

    def none(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(lock.fcntl, "flock", none)
    monkeypatch.setattr(lock, "BEAT", 0.05)
    with (
        lock.held(path),
        pytest.raises(lock.HeldError, match=f"process {os.getpid()} on"),
        lock.held(path, watch=1.0, say=lambda line: None),
    ):
        pass
    with lock.held(path, watch=1.0, say=pytest.fail):  # it was let go: nothing to wait for
        pass


def test_a_file_of_a_holder_that_died_while_writing_is_taken(tmp_path):
    path = tmp_path / "lock"
    path.write_text('{"host": "some')
    with lock.held(path, watch=0.2, say=lambda line: None) as token:
        assert lock.read_holder(path)["token"] == token
