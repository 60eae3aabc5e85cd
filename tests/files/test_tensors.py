"""The safetensors format: what is written is read; a damaged or hostile file is refused."""

import json
import subprocess
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import numpy as safetensors

from jaxgan.files.tensors import DTYPES, read_tensors, write_tensors

ARRAYS = {
    f"{name}/{i}": np.arange(1, n + 1).astype(dtype).reshape(shape)
    for i, (name, dtype) in enumerate(DTYPES.items())
    for n, shape in [((6, (2, 3)), (1, ()), (0, (0, 4)))[i % 3]]
}
ROOT = Path(__file__).parents[2]
REFUSED = "/a is not a safetensors file, or is damaged: [^\n]+$"
METADATA = {"config": '{"ä": 1}', "step": "7"}


def test_what_is_written_is_read(tmp_path):
    write_tensors(tmp_path / "a", ARRAYS, METADATA)
    arrays, metadata = read_tensors(tmp_path / "a")
    assert metadata == METADATA and arrays.keys() == ARRAYS.keys()
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


def test_equal_contents_are_equal_bytes_in_another_process(tmp_path):
    """The package alone writes metadata in the order of a hash, another one in each process."""
    metadata = {str(i): str(i) for i in range(30)}
    write_tensors(tmp_path / "a", ARRAYS, metadata)
    code = (
        "from tests.files.test_tensors import *; from pathlib import Path; "
        f"write_tensors(Path({str(tmp_path / 'b')!r}), ARRAYS, {metadata!r})"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_package_reads_ours_and_we_read_the_packages(tmp_path):
    known = {n: a for n, a in ARRAYS.items() if not n.startswith("F8")}  # what numpy has there
    write_tensors(tmp_path / "a", known, METADATA)
    theirs = safetensors.load_file(tmp_path / "a")
    assert theirs.keys() == known.keys()
    safetensors.save_file(ARRAYS, tmp_path / "b", METADATA)
    ours, metadata = read_tensors(tmp_path / "b")
    assert metadata == METADATA and ours.keys() == ARRAYS.keys()
    for name, array in known.items():
        np.testing.assert_array_equal(theirs[name], array)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(ours[name], array)
        assert ours[name].dtype == array.dtype


def test_files_of_the_first_version_load_as_they_did(tmp_path):
    """Arrays in the writer's order, the metadata first, no sorting by size."""
    arrays = {"b": np.arange(3, dtype=np.uint8), "a": np.linspace(0, 1, 5, dtype=np.float32)}
    header, end = {"__metadata__": {"format": "jaxgan generator 1"}}, 0
    for name, dtype in (("b", "U8"), ("a", "F32")):
        begin, end = end, end + arrays[name].nbytes
        shape = list(arrays[name].shape)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}
    body = b"".join(a.tobytes() for a in arrays.values())
    found, metadata = read_tensors(with_header(tmp_path / "a", header, body))
    assert metadata == {"format": "jaxgan generator 1"}
    for name, array in arrays.items():  # the floats start at byte 3: not aligned
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype


def test_strided_arrays_are_written_as_they_read(tmp_path):
    x = np.arange(24, dtype=np.float32).reshape(4, 6)
    write_tensors(tmp_path / "a", {"t": x.T, "s": x[::2, ::3], "f": np.asfortranarray(x)}, {})
    found, metadata = read_tensors(tmp_path / "a")
    assert metadata == {}
    for name, array in {"t": x.T, "s": x[::2, ::3], "f": x}.items():
        np.testing.assert_array_equal(found[name], array)


def test_reading_maps_the_file(tmp_path):
    write_tensors(tmp_path / "a", {"x": np.zeros(1 << 20, np.float32)}, {})
    x = read_tensors(tmp_path / "a")[0]["x"]
    assert isinstance(x, np.memmap) and not x.flags.writeable and not x.flags.owndata


@pytest.mark.parametrize("dtype", ["U", "O", "complex128", ">f4", "int4"])
def test_a_dtype_without_a_place_is_refused(dtype, tmp_path):
    with pytest.raises(ValueError, match="a safetensors file cannot hold it"):
        write_tensors(tmp_path / "a", {"x": np.zeros(2, getattr(ml_dtypes, dtype, dtype))}, {})
    assert not list(tmp_path.iterdir())


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
    with pytest.raises(ValueError, match=REFUSED):
        read_tensors(with_header(tmp_path / "a", {"x": entry}))


@pytest.mark.parametrize("header", [b"[1]", b"{", b"\xff", b"[" * 100_000])
def test_a_header_that_is_no_object_is_refused(header, tmp_path):
    with pytest.raises(ValueError, match=REFUSED):
        read_tensors(with_header(tmp_path / "a", header))


X = '"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}'
Y = X.replace("x", "y")


@pytest.mark.parametrize(
    ("header", "body"),
    [
        (f"{{{X},{Y}}}", 8),  # two arrays over the same bytes
        (f"{{{X},{Y.replace('0,8', '4,12')}}}", 12),
        (f"{{{X},{Y.replace('0,8', '16,24')}}}", 24),  # bytes that no array has
        (f"{{{X}}}", 16),
        (f"{{{X},{X}}}", 8),  # a name twice
        (f'{{"__metadata__":{{"a":"1","a":"2"}},{X}}}', 8),
        (f'{{"__metadata__":{{"a":1}},{X}}}', 8),
        (f"{{{X.replace('F32', 'F4').replace('2', '16')}}}", 8),  # half bytes: not in numpy
        ("", 0),
    ],
)
def test_a_hostile_header_is_refused_in_one_line(header, body, tmp_path):
    with pytest.raises(ValueError, match=REFUSED):
        read_tensors(with_header(tmp_path / "a", header.encode(), bytes(body)))


def test_a_huge_header_is_refused_before_it_is_read(tmp_path):
    with (tmp_path / "a").open("wb") as file:  # sparse: it takes no room
        file.write((150_000_000).to_bytes(8, "little") + b"{")
        file.truncate(160_000_000)
    with pytest.raises(ValueError, match=REFUSED):
        read_tensors(tmp_path / "a")


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
    with pytest.raises(ValueError, match=REFUSED):
        read_tensors(tmp_path / "a")
    (tmp_path / "a").write_bytes((1 << 63).to_bytes(8, "little") + text)
    with pytest.raises(ValueError, match=REFUSED):
        read_tensors(tmp_path / "a")
