"""A run in an object store that kills, fails or lists late at any operation: nothing is lost.

The job below does what training does, in its order, with the code that training uses: the lease,
config.json, log lines, sheets, checkpoints. Only Orbax is played, by three files for a state; the
slow test has Orbax and the whole of `jaxgan train`.
"""

import contextlib
import hashlib
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from jaxgan.files import atomic, desk, json_lines
from jaxgan.files.lease import LostError
from jaxgan.training import checkpoints
from jaxgan.training.checkpoints import CheckpointError, Checkpoints
from tests.files.stores import URL, Killed, Store, bad_store

LAST, EVERY, KEEP = 6, 2, 2
ROOT = URL.removeprefix("bad://") + "/"


class Played:
    """Three files for a state."""

    class Context:
        def __init__(self):
            self.pytree = SimpleNamespace(loading=SimpleNamespace(partial_load=False))

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    @staticmethod
    def save_async(path: str, state: dict):
        (Path(path) / "arrays").mkdir(parents=True)
        for name, value in state.items():
            np.save(Path(path) / "arrays" / name, value)
        return SimpleNamespace(result=lambda: None)

    @staticmethod
    def metadata(path: str):
        return SimpleNamespace(metadata=[p.name for p in Path(path).glob("arrays/*")])

    @staticmethod
    def load(path: str, abstract: dict) -> dict:
        return {name: np.load(Path(path) / "arrays" / f"{name}.npy") for name in abstract}


@pytest.fixture(autouse=True)
def played(monkeypatch):
    monkeypatch.setattr(checkpoints, "ocp", Played)
    monkeypatch.setattr(atomic.os, "fsync", lambda file: None)  # of 10,000 small files


@pytest.fixture
def store(monkeypatch):
    return bad_store(monkeypatch)


def state_of(step: int) -> dict:
    """Return the state after a step: a sum of what all steps before it have added."""
    return {"w": np.arange(3.0) + sum(range(step + 1)), "step": np.int32(step), "b": np.ones(2)}


def train(last: int = LAST) -> list[int]:
    """Be a job; return the steps that it has computed."""
    workdir, done = desk.local(URL), []
    with (
        desk.held(workdir, say=lambda line: None),
        Checkpoints(workdir / "checkpoints", KEEP, say=lambda line: None) as kept,
    ):
        atomic.write_text(workdir / "config.json", "{}")
        start = kept.newest_good() or 0
        kept.drop_after(start)
        state = kept.restore(state_of(0), start) if start else state_of(0)
        json_lines.drop_after(workdir / "metrics.jsonl", start)
        for step in range(start + 1, last + 1):
            state = {**state, "w": state["w"] + step, "step": np.int32(step)}
            done.append(step)
            line = {"step": step, "sum": float(state["w"].sum())}
            json_lines.append(workdir / "metrics.jsonl", line)
            if step % EVERY == 0:
                atomic.write_text(workdir / "samples" / f"{step:08d}.png", f"sheet {step}")
                kept.save(step, state)
                kept.wait()  # so that operations have the same numbers every time
        kept.finish()
    return done


def published(store: Store) -> list[int]:
    """Return the steps whose manifest is in the store; with it, all that it lists must be."""
    names = [n.removeprefix(ROOT).split("/") for n in store.objects]
    steps = sorted(int(n[1]) for n in names if n[0] == "checkpoints" and n[-1] == "manifest")
    for folder in (f"{ROOT}checkpoints/{step}/" for step in steps):
        listed = json.loads(store.objects[folder + "manifest"].split(b"\n")[0])["files"]
        there = {n: store.objects.get(folder + n, b"") for n in listed}
        assert {n: [len(x), hashlib.sha256(x).hexdigest()] for n, x in there.items()} == listed
    return steps


def found() -> int:
    """Return the step that a new job finds, after a look at its arrays."""
    with Checkpoints(desk.local(URL) / "checkpoints", say=lambda line: None) as kept:
        step = kept.newest_good() or 0
        for name, value in (kept.restore(state_of(0), step) if step else {}).items():
            np.testing.assert_array_equal(value, state_of(step)[name])
    return step


def logged(store: Store) -> list[int]:
    lines = store.objects.get(ROOT + "metrics.jsonl", b"").splitlines()
    return [json.loads(line)["step"] for line in lines]


@pytest.fixture
def whole(store):
    """What a job that nothing happens to leaves, and how many operations it takes."""
    assert train() == list(range(1, LAST + 1))
    objects, count, written = store.objects, store.count, store.written
    store.objects, store.past = {}, []
    assert published(Store()) == [] and not [n for n in objects if n.endswith("lock")]
    return SimpleNamespace(objects=objects, count=count, written=written)


def assert_whole(store: Store, whole) -> None:
    """Compare all objects, byte by byte.

    As on disk, a kill just after a checkpoint costs its line in checkpoints.jsonl, or leaves an old
    checkpoint until the next is saved: a whole one.
    """
    more = set(store.objects) - set(whole.objects)
    old = tuple(f"{ROOT}checkpoints/{step}/" for step in published(store))
    assert set(whole.objects) <= set(store.objects) and all(n.startswith(old) for n in more)
    differ = {n for n in whole.objects if store.objects[n] != whole.objects[n]}
    assert differ <= {ROOT + "checkpoints.jsonl"}


def test_a_job_leaves_its_newest_checkpoints_and_all_lines(store, whole):
    store.objects = whole.objects
    assert published(store) == [4, 6] and found() == 6 and logged(store) == list(range(1, 7))
    assert train(8) == [7, 8]
    assert published(store) == [6, 8] and logged(store) == list(range(1, 9))


def test_killed_at_every_operation_the_newest_published_checkpoint_is_found(
    store,
    whole,
):
    for n in range(1, whole.count + 1):
        store.objects = {}
        store.start(kill_at=n)
        with pytest.raises(Killed):
            train()
        there = published(store)
        store.start()
        assert found() == max(there, default=0), n
        # Whatever is computed again was not in the store; no line of a step before is missing.
        assert logged(store)[: found()] == list(range(1, found() + 1)), n
        store.start()
        assert train() == list(range(max(there, default=0) + 1, LAST + 1)), n
        assert_whole(store, whole)


def test_killed_again_and_again(store, whole):
    """Each job gets a few operations further than the one before."""
    jobs, at = 0, 10
    while True:
        store.start(kill_at=at)
        jobs, at = jobs + 1, at + 7
        with contextlib.suppress(Killed):
            train()
            break
    assert jobs > 5
    assert_whole(store, whole)


def test_killed_at_every_operation_of_a_continuation(store, whole):
    store.start()
    train(2)
    before = dict(store.objects)
    store.start()
    train()
    for n in range(1, store.count + 1):
        store.objects = dict(before)
        store.start(kill_at=n)
        with pytest.raises(Killed):
            train()
        there = published(store)
        store.start()
        assert found() == max(there) >= 2, n
        store.start()
        train()
        assert_whole(store, whole)


def test_a_failure_at_any_operation_is_retried_or_ends_the_job(store, whole):
    ended = set()
    for n in range(1, whole.count + 1):
        store.objects = {}
        store.start(fail_at=n)
        try:
            train()
        except (OSError, CheckpointError):
            ended.add(n)
            store.start()
            train()
        lock = ROOT + "lock"
        if lock in store.objects:  # it could not be deleted: others wait, and take it
            store.start()
            train()
        missing = set(whole.objects) - set(store.objects)
        # A checkpoint that failed is left out; the next is written.
        assert not missing or all(n.startswith(f"{ROOT}checkpoints/4/") for n in missing), n
        assert published(store)[-1] == LAST and logged(store) == list(range(1, LAST + 1)), n
    # Between the start and the last checkpoint training goes on.
    first, second = (whole.written[f"{ROOT}checkpoints/{step}/manifest"] for step in (2, 4))
    assert second - first > 10 and not ended & set(range(first + 1, second + 1))


@pytest.mark.parametrize("delay", [1, 8, 50])
def test_listings_that_are_old(store, whole, delay):
    """What was completed and said in checkpoints.jsonl is found, whatever a listing shows."""
    store.delay = delay
    for n in range(1, whole.count + 1, 3):
        store.objects, store.past = {}, []
        store.start(kill_at=n)
        with contextlib.suppress(Killed):
            train()
        there, lines = published(store), store.objects.get(ROOT + "checkpoints.jsonl", b"")
        said = max((json.loads(line)["step"] for line in lines.splitlines()), default=0)
        store.start()
        assert found() in {*there, 0} and found() >= said, n
        store.start()
        train()
        same = [n for n in whole.objects if not n.endswith("checkpoints.jsonl")]
        assert {n for n in same if store.objects.get(n) != whole.objects[n]} == set(), n


def test_damage_is_set_aside_and_the_one_before_it_is_used(store, whole):
    store.objects = dict(whole.objects)
    store.start()
    store.objects[f"{ROOT}checkpoints/6/arrays/w.npy"] += b"!"
    assert train() == [5, 6]
    assert f"{ROOT}checkpoints/6.damaged/arrays/w.npy" in store.objects
    kept = {n: x for n, x in store.objects.items() if ".damaged/" not in n}
    assert kept == whole.objects


def test_who_lost_the_lease_publishes_nothing_more(store):
    workdir = desk.local(URL)
    with (
        pytest.raises(LostError, match=r"bad://bucket/runs/one was taken over by process 7 on far"),
        desk.held(workdir),
        Checkpoints(workdir / "checkpoints", say=lambda line: None) as kept,
    ):
        kept.save(1, state_of(1))
        kept.wait()
        store.objects[ROOT + "lock"] = b'{"host": "far", "process": 7, "token": "theirs"}'
        kept.save(2, state_of(2))
        kept.finish()
    assert published(store) == [1]
    assert b"theirs" in store.objects[ROOT + "lock"]


def test_nothing_outside_the_folder_is_written(store, tmp_path):
    """Whoever writes objects chooses their names."""
    store.objects = {ROOT + "config.json": b"{}", ROOT + "../../../../escaped": b"!"}
    workdir = desk.local(URL)
    assert [p.name for p in workdir.rglob("*") if p.is_file()] == ["config.json"]
    assert not any(p.name == "escaped" for p in workdir.parents[3].rglob("*"))
