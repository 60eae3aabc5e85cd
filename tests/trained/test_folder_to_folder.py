"""Which files of a folder are read, where their results go, and what is refused and reported."""

import errno

import numpy as np
import pytest

from jaxgan.media.image_files import BadImageError, inspect
from jaxgan.media.pictures import save_picture
from jaxgan.trained.folder_to_folder import (
    check_outputs,
    files_of,
    readable,
    reported,
    results_of,
)


@pytest.fixture
def folder(tmp_path):
    """Images a/0.png and b/1.png, and b/2.png, which is none."""
    for name in ("a/0.png", "b/1.png"):
        (tmp_path / "in" / name).parent.mkdir(parents=True)
        save_picture(tmp_path / "in" / name, np.zeros((2, 3, 1), np.uint8))
    (tmp_path / "in/b/2.png").write_bytes(b"no image")
    return tmp_path / "in"


def test_results_lie_as_their_sources_do(folder, tmp_path):
    paths = files_of(folder, tmp_path / "out")
    assert [str(path.relative_to(folder)) for path in paths] == ["a/0.png", "b/1.png", "b/2.png"]
    found, left_out = readable(folder, paths, inspect)
    assert [(kind.height, kind.width) for kind in found.values()] == [(2, 3), (2, 3)]
    (why,) = left_out
    assert why.startswith("'2.png' (")
    results = results_of(found, folder, tmp_path / "out", ".npz")
    assert list(results.values()) == [tmp_path / "out/a/0.npz", tmp_path / "out/b/1.npz"]
    assert check_outputs(results.values(), [tmp_path / "out.png"], force=False) == 0
    (tmp_path / "out/a").mkdir(parents=True)
    (tmp_path / "out/a/0.npz").touch()
    with pytest.raises(ValueError, match=r"0.npz is there already: write --force"):
        check_outputs(results.values(), [], force=False)
    assert check_outputs(results.values(), [], force=True) == 1
    line = reported("out: 2 images", 1, left_out)
    assert line.startswith(
        "out: 2 images (1 replace files that were there); 1 files left out, such"
    )
    assert reported("out: 2 images", 0) == "out: 2 images"


def test_results_are_not_written_among_the_sources_by_another_name(folder, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "link").symlink_to(folder)
    for out in (tmp_path / "sub" / ".." / "in", tmp_path / "link" / "a"):
        with pytest.raises(ValueError, match="write another folder"):
            files_of(folder, out)


def test_sheets_that_are_replaced_are_counted(folder, tmp_path):
    (tmp_path / "out.png").touch()
    assert check_outputs([], [tmp_path / "out.png"], force=False) == 1


def test_two_files_with_one_result_are_refused(folder, tmp_path):
    save_picture(folder / "a/0.jpg", np.zeros((2, 3, 1), np.uint8))
    with pytest.raises(ValueError, match=r"0.jpg and .*0.png would both become .*a/0.gif: rename"):
        results_of(files_of(folder, tmp_path / "out"), folder, tmp_path / "out", ".gif")


def test_folders_that_are_refused(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match="none: no such folder; write one with films"):
        files_of(tmp_path / "none", tmp_path / "out", "films")
    with pytest.raises(ValueError, match=r"is in .*, whose sounds are read: write another folder"):
        files_of(folder, folder / "out", "sounds")


def test_an_unreadable_file_is_left_out_and_a_full_table_of_files_is_not(folder):
    def look(path):
        if path.name == "0.png":
            raise error
        return path.name

    error = BadImageError("damaged")
    paths = sorted(folder.rglob("*.png"))
    assert readable(folder, paths, look)[1] == ["'0.png' (damaged)"]
    with pytest.raises(ValueError, match=r"none of 1 sounds can be read; '0.png' \(damaged\)"):
        readable(folder, paths[:1], look, "sounds")
    error = OSError(errno.EMFILE, "Too many open files")
    with pytest.raises(OSError, match="Too many open files"):
        readable(folder, paths, look)
