"""The safetensors format: what is written is read; a damaged or hostile file is refused."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxgan.files.tensors import DTYPES, read_tensors, write_tensors

ARRAYS = {
    f"{name}/{i}": np.arange(n).astype(dtype).reshape(shape)
    for i, (name, dtype) in enumerate(DTYPES.items())
    for n, shape in [((6, (2, 3)), (1, ()), (0, (0, 4)))[i % 3]]
}
METADATA = {"config": '{"ä": 1}', "step": "7"}


def test_what_is_written_is_read(tmp_path):
    write_tensors(tmp_path / "a", ARRAYS, METADATA)
    arrays, metadata = read_tensors(tmp_path / "a")
    assert metadata == METADATA and list(arrays) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype and arrays[name].shape == array.shape
        np.testing.assert_array_equal(arrays[name], array)


def test_the_bytes_are_those_of_the_format(tmp_path):
    write_tensors(tmp_path / "a", {"x": np.array([1.0, 2.0], np.float32)}, {"k": "v"})
    data = (tmp_path / "a").read_bytes()
    n = int.from_bytes(data[:8], "little")
    assert json.loads(data[8 : 8 + n]) == {
        "__metadata__": {"k": "v"},
        "x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
    }
    assert n % 8 == 0 and data[8 + n :] == np.array([1, 2], "<f4").tobytes()


def test_the_library_reads_ours_and_we_read_the_librarys(tmp_path):
    library = pytest.importorskip("safetensors.numpy")
    write_tensors(tmp_path / "a", ARRAYS, METADATA)
    theirs = library.load_file(tmp_path / "a")
    assert theirs.keys() == ARRAYS.keys()
    library.save_file(ARRAYS, tmp_path / "b", METADATA)
    ours, metadata = read_tensors(tmp_path / "b")
    assert metadata == METADATA
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(theirs[name], array)
        np.testing.assert_array_equal(ours[name], array)


def with_header(path, header, body=bytes(8)):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)
    return path


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]},  # outside the file
        {"dtype": "F32", "shape": [1], "data_offsets": [0, 8]},  # another size
        {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [-1, -2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]},
        {"dtype": "F32", "shape": [2], "data_offsets": [-8, 0]},
        {"dtype": "O", "shape": [1], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": "2", "data_offsets": [0, 8]},
        {"shape": [2], "data_offsets": [0, 8]},
        7,
    ],
)
def test_a_header_that_does_not_fit_is_refused(entry, tmp_path):
    with pytest.raises(ValueError, match="header does not fit its contents"):
        read_tensors(with_header(tmp_path / "a", {"x": entry}))


@pytest.mark.parametrize("header", [b"[1]", b"{", b"\xff", b"[" * 100_000])
def test_a_header_that_is_no_object_is_refused(header, tmp_path):
    with pytest.raises(ValueError, match="header does not fit its contents"):
        read_tensors(with_header(tmp_path / "a", header))


@given(cut=st.integers(0, 400), noise=st.binary(min_size=1, max_size=8), at=st.integers(0, 400))
@settings(max_examples=200, deadline=None)
def test_a_damaged_file_gives_arrays_or_one_clear_error(cut, noise, at, tmp_path_factory):
    path = tmp_path_factory.mktemp("damaged") / "a"
    write_tensors(path, {"x": np.arange(20, dtype=np.int32)}, {"k": "v"})
    data = bytearray(path.read_bytes())
    data[at : at + len(noise)] = noise
    path.write_bytes(bytes(data[: len(data) - cut]))
    try:
        read_tensors(path)
    except ValueError as error:
        assert str(path) in str(error)


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [10**30, 10**30], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [1 << 62], "data_offsets": [0, 1 << 64]},
        {"dtype": "F32", "shape": [2.0], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": "2", "data_offsets": [0, 8]},
        {"dtype": ["F32"], "shape": [2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 8, 9]},
    ],
)
def test_sizes_are_checked_before_memory_is_taken(entry, tmp_path):
    text = json.dumps({"x": entry}).encode()
    (tmp_path / "a").write_bytes(len(text).to_bytes(8, "little") + text + bytes(8))
    with pytest.raises(ValueError, match="its header does not fit its contents"):
        read_tensors(tmp_path / "a")
    (tmp_path / "a").write_bytes((1 << 63).to_bytes(8, "little") + text)
    with pytest.raises(ValueError, match="is not a safetensors file, or is cut short"):
        read_tensors(tmp_path / "a")
