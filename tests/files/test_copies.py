"""A data set in an object store is copied once, whole, and only what changes again."""

import itertools

import pytest

from jaxgan.data.description import EMBEDDED, find_data_set
from jaxgan.data.records import open_records
from jaxgan.files import copies
from jaxgan.training.identity import identity
from tests.files.stores import Killed, bad_store

NUMBERS = itertools.count()


@pytest.fixture
def store(monkeypatch):
    return bad_store(monkeypatch)


@pytest.fixture
def url(store):
    """The embedded data set at a URL that was not used before."""
    name, source = f"bucket/data{next(NUMBERS)}", find_data_set(EMBEDDED)
    for path in source.rglob("*"):
        if path.is_file():
            inside = path.relative_to(source).as_posix()
            store.objects[f"{name}/fashion/1.0.0/{inside}"] = path.read_bytes()
    return f"bad://{name}"


def test_records_are_those_of_the_data_set(store, url):
    here = open_records(EMBEDDED)
    for at in (url, f"{url}/fashion", f"{url}/fashion/1.0.0"):
        there = open_records(at)
        assert identity(there) == identity(here)
        assert there.read([0, 9999]) == here.read([0, 9999])
    before = store.count
    open_records(url)
    assert store.count == before  # a process asks once


def test_only_what_changed_is_copied_again(store, url):
    folder = copies.copied(url)
    copies.copied.cache_clear()
    before = store.count
    assert copies.copied(url) == folder and store.count == before + 1  # the listing
    name = next(n for n in store.objects if n.startswith(url[6:]) and n.endswith("features.json"))
    store.objects[name] += b" "
    copies.copied.cache_clear()
    copies.copied(url)
    assert store.count == before + 3
    assert (folder / "features.json").read_bytes() == store.objects[name]


def test_a_copy_that_was_killed_continues(store, url):
    store.start(kill_at=4)
    with pytest.raises(Killed):
        copies.copied(url)
    store.start()
    files = sum(n.startswith(f"{url[6:]}/") for n in store.objects)
    folder = copies.copied(url)
    assert store.count == 1 + files - 2  # the listing, and all but the two that had come
    assert identity(open_records(folder)) == identity(open_records(EMBEDDED))


def test_a_place_without_a_data_set(store, url):
    with pytest.raises(FileNotFoundError, match=r"no dataset_info\.json there; write the folder"):
        open_records("bad://bucket/nothing")
    for name, data in list(store.objects.items()):
        store.objects[name.replace("/1.0.0/", "/2.0.0/")] = data
    with pytest.raises(ValueError, match=r"holds several data sets; write one of .*1.0.0, .*2.0.0"):
        open_records(url)
