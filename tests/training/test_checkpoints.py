"""What is saved is there, whole; what is not whole is named and the one before it is used."""

import json
import resource
import shutil
import tempfile
import threading
from pathlib import Path

import flax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P

from jaxgan.devices import sharding
from jaxgan.files import json_lines, manifest
from jaxgan.training import checkpoints
from jaxgan.training.checkpoints import CheckpointError, Checkpoints


@flax.struct.dataclass
class State:
    step: jax.Array
    key: jax.Array
    params: dict
    nothing: tuple


def state(step: int, width: int = 64) -> State:
    kernel = jnp.arange(8 * width, dtype=jnp.float32).reshape(8, width) + jnp.float32(step)
    return State(jnp.int32(step), jax.random.key(step), {"a/b": kernel, "c": jnp.ones(3)}, ())


def abstract(tree):
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=x.sharding), tree)


def assert_equal(a: State, b: State):
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        if jnp.issubdtype(x.dtype, jax.dtypes.prng_key):
            x, y = jax.random.key_data(x), jax.random.key_data(y)
        np.testing.assert_array_equal(x, y)


def saved(directory, steps, **options):
    """Save these steps, check that the newest is what was saved; return what was said."""
    said = []
    with Checkpoints(directory, say=said.append, **options) as written:
        for step in steps:
            written.save(step, state(step), {"score": float(-step % 7)})
        written.finish()
    return said


@pytest.fixture
def three(tmp_path):
    """Checkpoints of steps 10, 20 and 30."""
    assert saved(tmp_path / "c", (10, 20, 30)) == []
    return tmp_path / "c"


def test_saves_in_quick_succession_are_all_there(tmp_path):
    # Orbax's own Checkpointer skips a save, silently, while another is being written.
    saved(tmp_path, range(1, 6), keep=9)
    with Checkpoints(tmp_path) as found:
        assert found.steps() == [1, 2, 3, 4, 5]
        for step in found.steps():
            assert_equal(found.restore(abstract(state(0)), step), state(step))


def test_arrays_may_be_donated_as_soon_as_save_returns(tmp_path):
    overwrite = jax.jit(lambda s: jax.tree.map(jnp.zeros_like, s), donate_argnums=0)
    tree = {"w": jnp.arange(1 << 20, dtype=jnp.float32)}
    target = abstract(tree)
    with Checkpoints(tmp_path) as written:
        written.save(1, tree)
        overwrite(tree)
        written.finish()
        restored = written.restore_newest(target)
    np.testing.assert_array_equal(restored["w"], np.arange(1 << 20))


def test_a_step_waits_for_no_file(tmp_path, monkeypatch):
    written, release = [], threading.Event()

    def slow(*args):
        release.wait(60)
        written.append(args)

    monkeypatch.setattr(manifest, "write", slow)
    with Checkpoints(tmp_path) as checkpoint:
        checkpoint.save(1, state(1))
        assert not written  # the files are not hashed yet, and save has returned
        assert checkpoint.steps() == []  # nor is it a checkpoint yet
        release.set()
        checkpoint.finish()
        assert checkpoint.steps() == [1]


def test_the_newest_every_kth_and_the_best_are_kept(tmp_path):
    # scores are -step % 7: 20 has 1, 30 has 5, 40 has 2, ..., 50 and 8 have 6
    saved(tmp_path, range(10, 101, 10), keep=2, keep_every=40, best_metric="score")
    with Checkpoints(tmp_path, best_metric="score") as found:
        assert found.steps() == [40, 50, 80, 90, 100]
        assert found.best_step() == 50
        assert found.newest_good(before=90, best_first=True) == 50
        assert found.newest_good(before=90) == 80
    with Checkpoints(tmp_path, best_metric="score", best="lowest") as found:
        scores = {step: -step % 7 for step in found.steps()}
        assert found.best_step() == min(scores, key=scores.get)


def flip_a_bit(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def largest(folder):
    return max(folder.rglob("*"), key=lambda p: p.stat().st_size if p.is_file() else -1)


OTHER = "has another size or checksum"
DAMAGE = {
    "a flipped bit": (lambda f: flip_a_bit(largest(f)), OTHER),
    "a cut file": (lambda f: largest(f).write_bytes(largest(f).read_bytes()[:9]), "(9 bytes)"),
    "a missing file": (lambda f: largest(f).unlink(), "No such file"),
    "no manifest": (lambda f: (f / "manifest").unlink(), "manifest cannot be read: No such file"),
    "a changed manifest": (lambda f: flip_a_bit(f / "manifest"), "manifest has another checksum"),
    "a cut manifest": (lambda f: (f / "manifest").write_bytes(b"{"), "has another checksum"),
    "an empty folder": (lambda f: shutil.rmtree(f) or f.mkdir(), "No such file"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_checkpoint_is_named_and_the_one_before_it_is_used(kind, three):
    damage, words = DAMAGE[kind]
    damage(three / "30")
    said = []
    with Checkpoints(three, say=said.append) as found:
        assert_equal(found.restore_newest(abstract(state(0))), state(20))
        assert len(said) == 1 and "step 30 is damaged" in said[0] and words in said[0], said
        assert "\n" not in said[0]
        found.drop_after(20)  # as training does before it goes on
        assert found.steps() == [10, 20]
        found.save(30, state(30))
        found.finish()
    assert (three / "30.damaged").is_dir()  # kept for who wants to know
    with Checkpoints(three, say=said.append) as found:
        assert found.newest_good() == 30 and len(said) == 1


def test_only_damaged_checkpoints_are_refused_not_started_over(three):
    for step in (10, 20, 30):
        flip_a_bit(largest(three / str(step)))
    words = r"no whole checkpoint: .*step 30.*step 20.*step 10"
    with (
        Checkpoints(three, say=lambda line: None) as found,
        pytest.raises(CheckpointError, match=words),
    ):
        found.newest_good()


def test_without_a_checkpoint(tmp_path):
    with Checkpoints(tmp_path / "none") as found:
        assert found.newest_good() is None and found.latest_step() is None
        with pytest.raises(FileNotFoundError, match="holds no checkpoint yet"):
            found.restore_newest(abstract(state(0)))
    assert not (tmp_path / "none").exists()  # reading leaves nothing behind


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (lambda s: s.replace(params={**s.params, "a/b": jnp.ones((8, 32))}),
         r"params/a/b is float32 \[8, 64\] there, float32 \[8, 32\] here"),
        (lambda s: s.replace(params={**s.params, "a/b": jnp.ones((8, 64), jnp.bfloat16)}),
         r"params/a/b is float32 \[8, 64\] there, bfloat16 \[8, 64\] here"),
        (lambda s: s.replace(params={"a/b": s.params["a/b"]}),
         r"params/c is float32 \[3\] there, missing here"),
        (lambda s: s.replace(params={**s.params, "d": jnp.ones(2)}),
         r"params/d is missing there, float32 \[2\] here"),
    ],
)  # fmt: skip
def test_a_checkpoint_of_another_network_names_the_first_leaf(other, words, three):
    with Checkpoints(three) as found, pytest.raises(ValueError, match=words):
        found.restore_newest(abstract(other(state(0))))


def test_restored_onto_another_mesh(three):
    for fsdp in (1, 4, 8):
        mesh = sharding.create_mesh(fsdp)
        spread = NamedSharding(mesh, P(None, "fsdp"))
        target = abstract(state(0)).replace(
            params={"a/b": jax.ShapeDtypeStruct((8, 64), jnp.float32, sharding=spread),
                    "c": jax.ShapeDtypeStruct((3,), jnp.float32, sharding=NamedSharding(mesh, P()))}
        )  # fmt: skip
        with Checkpoints(three) as found:
            restored = found.restore_newest(target)
        assert_equal(restored, state(30))
        assert restored.params["a/b"].sharding.is_equivalent_to(spread, 2)


def test_a_full_disk_is_said_and_training_goes_on(three):
    # No file may grow beyond 4 KiB: writing fails as it does on a full disk.
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    said = []
    with Checkpoints(three, say=said.append) as written:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 12, hard))
        try:
            written.save(40, state(40, 1 << 14))
            written.wait()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert (
            len(said) == 1 and "WARNING: the checkpoint of step 40 could not be written" in said[0]
        )
        assert "the newest is 30" in said[0] and "\n" not in said[0], said
        assert sorted(p.name for p in three.iterdir()) == ["10", "20", "30"]  # its space is free
        with pytest.raises(CheckpointError, match=r"step 40 could not be written"):
            written.finish()
        written.save(50, state(50))  # there is space again
        written.finish()
        assert written.newest_good() == 50


def test_what_an_interrupted_write_left_is_swept_by_the_next_write_only(three):
    for name in ("40.writing", "40.writing.orbax-checkpoint-tmp", "5.deleting"):
        (three / name).mkdir()
        (three / name / "part").write_text("half")
    with Checkpoints(three) as reading:
        assert reading.steps() == [10, 20, 30]
        assert_equal(reading.restore_newest(abstract(state(0))), state(30))
    assert (three / "40.writing").exists()  # another process may be writing it
    saved(three, [40])
    assert sorted(p.name for p in three.iterdir()) == ["20", "30", "40"]


def test_manifest_says_what_is_there(three):
    facts = manifest.read(three / "30")
    assert facts["step"] == 30 and facts["metrics"] == {"score": -30 % 7}
    assert facts["leaves"] == checkpoints.describe_leaves(state(30))
    on_disk = {
        p.relative_to(three / "30").as_posix() for p in (three / "30").rglob("*") if p.is_file()
    }
    assert set(facts["files"]) == on_disk - {"manifest"}
    body, digest, _ = (three / "30" / "manifest").read_bytes().split(b"\n")
    assert json.loads(body) == facts and len(digest) == 64


@pytest.mark.parametrize(
    "name", ["lr[1e-3]", "a*b?", "**", "back\\slash", "gs:", "a b", "größe", "new\nline", "\udcff"]
)
def test_an_odd_path_can_be_read_again(name, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # where links go
    directory = tmp_path / name / "checkpoints"
    assert saved(directory, [1, 2]) == []
    with Checkpoints(directory) as found:
        assert_equal(found.restore_newest(abstract(state(0))), state(2))


def test_a_relative_path_is_that_of_the_current_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    saved(Path("run") / "checkpoints", [1])
    with Checkpoints(Path("run") / "checkpoints") as found:
        assert_equal(found.restore_newest(abstract(state(0))), state(1))


# Orbax closes its event loop at the first array that it cannot open; TensorStore then tells the
# closed loop of the others.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_cannot_be_read_back_is_no_checkpoint(three, monkeypatch):
    # As on a path that Orbax takes for a pattern: it writes, says nothing, and finds nothing.
    monkeypatch.setattr(checkpoints, "readable_path", lambda directory: directory)
    said = []
    with Checkpoints(three.rename(three.with_name("c[1]")), say=said.append) as written:
        written.save(40, state(40))
        with pytest.raises(CheckpointError, match=r"step 40 .* cannot be read back"):
            written.finish()
        assert written.steps() == [10, 20, 30] and len(said) == 1


def test_the_sums_of_an_open_window_come_back_as_they_were_when_saved(tmp_path):
    window = {"d/loss": [1 / 3, 2]}
    with Checkpoints(tmp_path / "c") as written:
        written.save(1, state(1), window=window)
        window["d/loss"] = [9.0, 9]  # training goes on
        written.finish()
        assert written.window(1) == {"d/loss": [1 / 3, 2]}


def test_the_history_names_what_was_completed_and_not_rolled_back(tmp_path):
    saved(tmp_path / "c", range(1, 6), keep=2)
    history = lambda: [line["step"] for line in json_lines.read(tmp_path / "c.jsonl")]
    assert history() == [1, 2, 3, 4, 5]
    with Checkpoints(tmp_path / "c") as written:
        written.drop_after(4)
    assert history() == [1, 2, 3, 4]


def test_a_kill_before_the_oldest_is_deleted_leaves_no_more_in_the_end(tmp_path, monkeypatch):
    """There may be no further checkpoint whose writing would delete it."""
    with monkeypatch.context() as killed:
        killed.setattr(Checkpoints, "_prune", lambda self: None)
        saved(tmp_path / "run", [10, 20, 30], keep=2)
    with Checkpoints(tmp_path / "run", keep=2) as kept:
        assert kept.steps() == [10, 20, 30]
        kept.drop_after(kept.newest_good())
        assert kept.steps() == [20, 30]
