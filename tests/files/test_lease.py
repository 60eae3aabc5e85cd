"""A run in an object store has one writer at a time, without locks and without clocks."""

import threading
import time

import pytest

from jaxgan.files import lease, lock
from jaxgan.files.lease import LostError
from jaxgan.files.lock import HeldError
from jaxgan.files.objects import Objects
from tests.files.stores import URL, bad_store

LOCK = URL.removeprefix("bad://") + "/lock"


@pytest.fixture
def store(monkeypatch):
    return bad_store(monkeypatch)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(lock, "BEAT", 0.01)


def test_the_lease_is_held_and_let_go(store):
    with lease.held(Objects(URL)) as own:
        own.check()
        assert b"token" in store.objects[LOCK]
    assert LOCK not in store.objects
    with lease.held(Objects(URL), say=pytest.fail):  # at once
        pass


def test_a_living_holder_is_named(store, monkeypatch):
    monkeypatch.setattr(lock, "WATCH", 2.0)  # it is seen long before
    said = []
    with (
        lease.held(Objects(URL)),
        pytest.raises(HeldError, match=r"process \d+ on .+, since 20\d\d-.*Z$"),
        lease.held(Objects(URL), said.append),
    ):
        pass
    assert len(said) == 1 and said[0].startswith(f"{URL}/lock names process ")


def test_a_dead_holder_is_followed(store):
    store.objects[LOCK] = b'{"host": "far", "process": 7, "token": "theirs", "beat": 3}'
    said = []
    with lease.held(Objects(URL), said.append) as own:
        own.check()
    assert "process 7 on far" in said[0] and LOCK not in store.objects


def test_a_lock_cut_short_is_followed(store):
    store.objects[LOCK] = b'{"host": '
    said = []
    with lease.held(Objects(URL), said.append):
        pass
    assert "an unknown machine" in said[0]


def test_of_two_who_come_together_one_gets_it(store):
    first, second = lease.Lease(Objects(URL)), lease.Lease(Objects(URL))
    first.take()
    with pytest.raises(HeldError):
        second.take()
    first.take()  # written again, after an answer that was lost
    first.check()


def test_who_was_away_for_too_long_notices_and_does_not_take_it_back(store):
    with lease.held(Objects(URL)) as own:
        store.objects[LOCK] = theirs = b'{"host": "far", "process": 7, "token": "theirs"}'
        with pytest.raises(LostError, match="process 7 on far"):
            own.check()
        time.sleep(0.05)  # beats
        assert store.objects[LOCK] == theirs
    assert store.objects[LOCK] == theirs
    del store.objects[LOCK]
    with pytest.raises(LostError, match="someone who deleted its lock"):
        own.check()


def test_a_beat_outlives_a_store_that_is_away(store):
    own, stop = lease.Lease(Objects(URL)), threading.Event()
    own.take()
    before, store.fail_at = store.objects[LOCK], store.count + 1
    beat = threading.Thread(target=own.renew, args=(stop,))
    beat.start()
    while store.objects[LOCK] == before:
        time.sleep(0.005)
    stop.set()
    beat.join()
    own.check()
