"""Processes meet before JAX uses the port; who is missing is named, in all of them."""

import socket
import threading

import pytest

from jaxgan.devices import processes
from jaxgan.devices.rendezvous import meet, split_address


@pytest.fixture
def address():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


def outcomes(address, calls, timeout):
    """Call meet(address, count, index) in threads; return {place: what it raised, or None}."""
    found = {}

    def one(place, count, index):
        try:
            found[place] = meet(address, count, index, timeout)
        except RuntimeError as error:
            found[place] = str(error)

    threads = [threading.Thread(target=one, args=(i, *call)) for i, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


def test_all_go_when_all_have_come_and_the_port_is_free_again(address):
    for calls in ([(1, 0)], [(3, 2), (3, 0), (3, 1)]):
        assert set(outcomes(address, calls, 20).values()) == {None}
        with socket.create_server(("", split_address(address)[1])):
            pass


def test_who_is_missing_is_named_in_all_processes(address):
    found = outcomes(address, [(4, 0), (4, 2)], 1.5)
    assert all(
        f"processes 1, 3 did not come to {address} within 1.5 s" in x for x in found.values()
    )


def test_a_coordinator_that_never_comes_is_named(address):
    (line,) = outcomes(address, [(2, 1)], 0.5).values()
    assert f"the coordinator at {address} does not answer after 0.5 s" in line


def test_a_port_in_use_is_named(address):
    with socket.create_server(("", split_address(address)[1])):
        (line,) = outcomes(address, [(1, 0)], 1).values()
    assert f"cannot listen at {address} (another program uses" in line


@pytest.mark.parametrize(
    ("calls", "words"),
    [
        ([(3, 0), (3, 1), (3, 1)], "two processes were started with the number 1"),
        ([(2, 0), (3, 1)], "process 1 was started as one of 3, process 0 as one of 2"),
    ],
)
def test_wrong_numbers_are_named_in_all_processes(calls, words, address):
    assert all(words in line for line in outcomes(address, calls, 10).values())


def test_strangers_change_nothing(address):
    host, port = split_address(address)
    noise = threading.Timer(0.3, lambda: _send(host, port, b"GET / HTTP/1.1\r\n\r\n"))
    late = threading.Timer(1.0, lambda: outcomes(address, [(2, 1)], 10))
    for thread in (noise, late):
        thread.start()
    assert set(outcomes(address, [(2, 0)], 20).values()) == {None}
    late.join()


def _send(host, port, data):
    with socket.create_connection((host, port), timeout=5) as stranger:
        stranger.sendall(data)


@pytest.mark.parametrize("text", ["host", "host:", ":80", "host:http", "host:0", "host:65536"])
def test_a_wrong_address_says_how_to_write_it(text):
    with pytest.raises(ValueError, match=rf"JAX_COORDINATOR_ADDRESS={text}: write HOST:PORT"):
        split_address(text)


@pytest.fixture
def slurm(monkeypatch, address):
    """An environment as Slurm makes it, for one process here; returns the coordinator's port."""
    port = split_address(address)[1]
    facts = {"SLURM_JOB_ID": 7, "SLURM_STEP_NODELIST": "127.0.0.1", "SLURM_NTASKS": 1}
    facts |= {"SLURM_PROCID": 0, "SLURM_LOCALID": 0, "SLURM_STEP_NUM_NODES": 1}
    facts |= {"JAXGAN_DISTRIBUTED": 1, "JAXGAN_TIMEOUT": 5, "JAX_COORDINATOR_PORT": port}
    for name, value in facts.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.delenv("JAX_COORDINATOR_ADDRESS", raising=False)
    return port


def test_a_port_in_use_is_named_on_a_cluster_too(slurm):
    with (
        socket.create_server(("", slurm)),
        pytest.raises(RuntimeError, match=f"listen at 127.0.0.1:{slurm} .*JAX_COORDINATOR_PORT"),
    ):
        processes.join()


def test_what_the_cluster_says_is_what_jax_gets(slurm, monkeypatch):
    given = {}
    monkeypatch.setattr("jax.distributed.initialize", lambda **facts: given.update(facts))
    monkeypatch.setattr(processes, "Heartbeat", lambda *_: None)
    processes.join()
    assert given["coordinator_address"] == f"127.0.0.1:{slurm}"
    assert (given["num_processes"], given["process_id"]) == (1, 0)
    assert given["local_device_ids"] == [0]


def test_no_cluster_is_said(slurm, monkeypatch):
    monkeypatch.delenv("SLURM_JOB_ID")
    with pytest.raises(ValueError, match="JAXGAN_DISTRIBUTED=1: no cluster is found here: unset"):
        processes.join()
