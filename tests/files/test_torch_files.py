"""PyTorch files are written here by hand (no PyTorch), in both formats, and read back."""

import collections
import io
import os
import pickle
import re
import resource
import sys
import types
import zipfile
from pathlib import Path

import numpy as np
import pytest

from jaxgan.files import torch_files
from jaxgan.files.torch_files import LEGACY_MAGIC, LEGACY_PROTOCOL, read_torch_file

STORAGES = {"float32": "FloatStorage", "int64": "LongStorage", "float16": "HalfStorage"}


class Tensor:
    """Pickles as a PyTorch tensor does: a view (offset, shape, strides) of a storage."""

    def __init__(self, storage: np.ndarray, offset, shape, strides):
        self.storage, self.view = storage, (offset, shape, strides)

    def __reduce__(self):
        rebuild = sys.modules["torch._utils"]._rebuild_tensor_v2
        return rebuild, (Handle(self.storage), *self.view, False, collections.OrderedDict())


class Handle:
    def __init__(self, storage):
        self.storage = storage


class Pickler(pickle.Pickler):
    def __init__(self, file, storages: dict, *tail):
        super().__init__(file, 2)
        self.storages, self.tail = storages, tail

    def persistent_id(self, value):
        if not isinstance(value, Handle):
            return None
        key = str(id(value.storage))
        self.storages[key] = value.storage
        kind = getattr(sys.modules["torch"], STORAGES[str(value.storage.dtype)])
        return ("storage", kind, key, "cpu", value.storage.size, *self.tail)


@pytest.fixture(autouse=True)
def torch_names(monkeypatch):
    """Give pickle the names that it writes; the reader must not need them."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name in STORAGES.values():
        setattr(torch, name, type(name, (), {"__module__": "torch"}))

    def _rebuild_tensor_v2():
        raise AssertionError("the reader called torch's own function")

    _rebuild_tensor_v2.__module__ = "torch._utils"
    _rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)


def write_legacy(path, tree):
    storages = {}
    with path.open("wb") as file:
        for header in (LEGACY_MAGIC, LEGACY_PROTOCOL, {"little_endian": True}):
            pickle.dump(header, file, 2)
        Pickler(file, storages, None).dump(tree)
        pickle.dump(list(storages), file, 2)
        for storage in storages.values():
            file.write(storage.size.to_bytes(8, "little") + storage.tobytes())


def write_zip(path, tree, compression=zipfile.ZIP_STORED):
    storages, data = {}, io.BytesIO()
    Pickler(data, storages).dump(tree)
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("archive/data.pkl", data.getvalue())
        archive.writestr("archive/byteorder", "little")
        for key, storage in storages.items():
            archive.writestr(f"archive/data/{key}", storage.tobytes())


WRITERS = pytest.mark.parametrize("write", [write_legacy, write_zip])


@WRITERS
def test_strides_offsets_and_shared_storages(write, tmp_path):
    storage = np.arange(12, dtype=np.float32)
    tree = collections.OrderedDict(
        plain=Tensor(storage, 0, (3, 4), (4, 1)),
        transposed=Tensor(storage, 0, (4, 3), (1, 4)),
        part=Tensor(storage, 5, (2,), (3,)),
        count=Tensor(np.array([7]), 0, (), ()),
        half=Tensor(np.array([0.5, 2.0], np.float16), 0, (2,), (1,)),
        nested={"epoch": 3, "list": [Tensor(storage, 11, (1,), (1,))]},
    )
    write(tmp_path / "w.pth", tree)
    found = read_torch_file(tmp_path / "w.pth")
    np.testing.assert_array_equal(found["plain"], storage.reshape(3, 4))
    np.testing.assert_array_equal(found["transposed"], storage.reshape(3, 4).T)
    np.testing.assert_array_equal(found["part"], [5, 8])
    assert found["count"] == 7 and found["count"].dtype == np.int64
    assert found["half"].dtype == np.float16 and found["half"][1] == 2
    assert found["nested"]["epoch"] == 3 and found["nested"]["list"][0] == 11
    found["plain"][0, 0] = 100.0  # arrays are their own: no view of a shared buffer
    assert found["transposed"][0, 0] == 0


class Malicious:
    def __reduce__(self):
        return os.system, ("echo owned",)


@WRITERS
@pytest.mark.parametrize("tree", [Malicious(), {"w": Malicious()}, {"w": [getattr]}, {"w": eval}])
def test_code_is_refused(write, tree, tmp_path, capfd):
    write(tmp_path / "w.pth", tree)
    with pytest.raises(ValueError, match="which a weights file may not"):
        read_torch_file(tmp_path / "w.pth")
    assert "owned" not in capfd.readouterr().out


@WRITERS
@pytest.mark.parametrize(
    "view",
    [(0, (5,), (1,)), (4, (1,), (1,)), (0, (2, 2), (1, 3)), (-1, (1,), (1,)), (0, (9, 9), (0, 0))],
)
def test_views_beyond_their_storage_are_refused(write, view, tmp_path):
    write(tmp_path / "w.pth", {"w": Tensor(np.zeros(4, np.float32), *view)})
    with pytest.raises(ValueError, match=r"storage|malformed"):
        read_torch_file(tmp_path / "w.pth")


@WRITERS
def test_every_cut_is_an_error(write, tmp_path):
    path = tmp_path / "w.pth"
    write(path, {"w": Tensor(np.arange(8, dtype=np.float32), 0, (8,), (1,))})
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(ValueError, match=r"w\.pth is not a PyTorch weights file"):
            read_torch_file(path)


def test_other_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such weights file"):
        read_torch_file(tmp_path / "none.pth")
    (tmp_path / "w.pth").write_bytes(pickle.dumps({"w": 1}))
    with pytest.raises(ValueError, match="not a PyTorch weights file"):
        read_torch_file(tmp_path / "w.pth")
    write_zip(tmp_path / "w.pth", {"w": Tensor(np.zeros(99, np.float32), 0, (9,), (1,))}, 8)
    with pytest.raises(ValueError, match="storage"):  # a compressed member could inflate
        read_torch_file(tmp_path / "w.pth")


HOSTILE = {
    "a memo of 2**32 entries": b"\x80\x02}r\xff\xff\xff\xff.",
    "a string of 2**62 bytes": b"\x80\x04\x8e" + (1 << 62).to_bytes(8, "little") + b".",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_sizes_are_checked_before_memory_is_taken(name, tmp_path):
    path, usual = tmp_path / "w.pth", resource.getrlimit(resource.RLIMIT_AS)
    (now,) = re.findall(r"VmSize:\s+(\d+) kB", Path("/proc/self/status").read_text())
    for legacy in (True, False):
        if legacy:
            path.write_bytes(HOSTILE[name])
        else:
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("a/data.pkl", HOSTILE[name])
        resource.setrlimit(resource.RLIMIT_AS, (int(now) * 1024 + (1 << 30), usual[1]))
        try:
            with pytest.raises(ValueError, match="not a PyTorch weights file that can be read"):
                read_torch_file(path)
        finally:
            resource.setrlimit(resource.RLIMIT_AS, usual)


def test_a_pickle_that_inflates_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "w.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", bytes(torch_files.MOST_PICKLE + 1))
    with pytest.raises(ValueError, match=r"a data\.pkl of more than 100000000 bytes"):
        read_torch_file(tmp_path / "w.pth")
