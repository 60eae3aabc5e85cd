import os

import numpy as np
import pytest

import jaxgan
from jaxgan.evaluate import statistics
from jaxgan.evaluate.extractors.extractor import Extractor
from jaxgan.evaluate.features import features_of_arrays
from jaxgan.evaluate.statistics import cached_features, evict

EXTRACTOR = Extractor("tiny", (), lambda w, x: (x, x), "a" * 64, {"input_size": 4})


@pytest.fixture
def cache(tmp_path):
    """Return a function that asks the cache, and the lists of what it computed and said."""
    computed, said = [], []

    def compute():
        computed.append(1)
        rng = np.random.default_rng(0)
        return features_of_arrays(rng.normal(size=(9, 3)), labels=np.arange(9, dtype=np.int32))

    def ask(content="data", extractor=EXTRACTOR):
        return cached_features(tmp_path / "cache", content, extractor, compute, said.append)

    return ask, computed, said


def test_a_hit_is_equal_and_computes_nothing(cache):
    ask, computed, said = cache
    first, second = ask(), ask()
    assert vars(first).keys() == vars(second).keys()
    for name, value in vars(first).items():
        again = getattr(second, name)
        np.testing.assert_array_equal(value, again, err_msg=name)
        assert np.asarray(value).dtype == np.asarray(again).dtype
    assert len(computed) == 1 and said == []


def test_what_comes_out_of_the_cache_is_a_map_of_its_file(cache):
    ask, _, _ = cache
    ask()
    assert isinstance(ask().features, np.memmap) and not ask().features.flags.writeable


def test_files_that_were_used_longest_ago_make_room(tmp_path):
    for number in range(5):
        path = tmp_path / f"{number}.npz"
        path.write_bytes(b"x" * 100)
        os.utime(path, (number, number))
    os.utime(tmp_path / "1.npz", (9, 9))
    evict(tmp_path, keep=tmp_path / "0.npz", most=350)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.npz", "1.npz", "4.npz"]
    evict(tmp_path, keep=tmp_path / "4.npz", most=1)
    assert [path.name for path in tmp_path.iterdir()] == ["4.npz"]


def test_a_file_that_is_used_is_not_the_first_to_go(cache, tmp_path):
    ask, _, _ = cache
    ask()
    (path,) = (tmp_path / "cache").iterdir()
    os.utime(path, (1, 1))
    ask()
    assert path.stat().st_mtime > 1e9


def test_all_processes_compute_where_one_lacks_the_file(cache, monkeypatch):
    ask, computed, _ = cache
    ask()
    monkeypatch.setattr(statistics, "everywhere", lambda is_true: False)
    ask()
    assert len(computed) == 2


def test_features_without_labels(tmp_path):
    found = features_of_arrays(np.eye(3))
    for _ in range(2):
        assert cached_features(tmp_path, "x", EXTRACTOR, lambda: found).labels is None


def test_whatever_decides_the_numbers_is_in_the_name(cache):
    ask, computed, said = cache
    ask()
    ask(content="changed data")
    ask(extractor=EXTRACTOR._replace(sha256="b" * 64))
    ask(extractor=EXTRACTOR._replace(protocol={"input_size": 8}))
    assert len(computed) == 4 and said == []


def test_another_version_is_computed_again(cache, monkeypatch):
    ask, computed, said = cache
    with monkeypatch.context() as patch:
        patch.setattr(jaxgan, "__version__", "0.0.1")
        ask()
    ask()
    ask()
    assert len(computed) == 2 and len(said) == 1
    assert "made by jaxgan 0.0.1" in said[0] and "\n" not in said[0]


@pytest.mark.parametrize("damage", ["cut", "flip", "rubbish", "empty"])
def test_damage_is_computed_again(cache, damage, tmp_path):
    ask, computed, said = cache
    expected = ask()
    (path,) = (tmp_path / "cache").iterdir()
    data = bytearray(path.read_bytes())
    data[data.index(expected.covariance.tobytes()) + 5] ^= 1
    path.write_bytes(
        {"cut": data[:500], "flip": data, "rubbish": b"not a zip", "empty": b""}[damage]
    )
    np.testing.assert_array_equal(ask().covariance, expected.covariance)
    assert len(computed) == 2 and len(said) == 1 and str(path) in said[0]
    ask()
    assert len(computed) == 2


def test_a_pickle_in_the_cache_is_not_loaded(cache, tmp_path):
    ask, computed, _ = cache
    ask()
    (path,) = (tmp_path / "cache").iterdir()
    with path.open("wb") as file:
        np.savez(file, meta=np.array([{"an": "object"}], dtype=object))
    ask()
    assert len(computed) == 2


def test_an_interrupted_write_leaves_nothing(cache, monkeypatch, tmp_path):
    ask, _, _ = cache

    def fail(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", fail)
        with pytest.raises(KeyboardInterrupt):
            ask()
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_done_without(cache, tmp_path):
    ask, computed, said = cache
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert ask().count == 9 and ask().count == 9
    assert len(computed) == 2
    assert all("cannot be written" in line or "computing" in line for line in said) and said


def test_values_that_are_not_finite_do_not_come_out_of_the_cache(cache, tmp_path):
    ask, computed, said = cache
    found = ask()
    (path,) = (tmp_path / "cache").iterdir()
    with np.load(path) as file:
        meta = str(file["meta"])
    arrays = {k: v for k, v in vars(found).items() if v is not None}
    arrays["features"] = np.where(np.arange(9)[:, None] == 4, np.nan, found.features)
    np.savez(path, meta=np.array(meta), **arrays)
    assert np.isfinite(ask().features).all()
    assert len(computed) == 2 and "features, row 4 (of 9): not finite" in said[0]
