"""A file is the old one or the new one, whatever happens, and nothing lies beside it."""

import errno
import os
import stat
import threading

import pytest

from jaxgan.files import atomic


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_and_its_folders_are_made(tmp_path):
    path = tmp_path / "a" / "b" / "ä [1].txt"
    atomic.write_text(path, "größer\n")
    assert path.read_bytes() == "größer\n".encode() and names(path.parent) == [path.name]
    atomic.write_bytes(path, b"")
    assert path.read_bytes() == b""


def test_others_may_read_it_as_any_new_file(tmp_path):
    (tmp_path / "plain").write_text("")
    atomic.write_text(tmp_path / "a", "")
    mode = lambda name: stat.S_IMODE((tmp_path / name).stat().st_mode)
    assert mode("a") == mode("plain")


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic.replacing(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old" and names(tmp_path) == ["a"]
    with pytest.raises(FileNotFoundError), atomic.replacing(path):
        pass  # nothing was written
    assert path.read_text() == "old" and names(tmp_path) == ["a"]


def test_the_content_is_on_the_disk_before_the_name(tmp_path, monkeypatch):
    done, fsync, replace = [], os.fsync, type(tmp_path).replace

    def synced(descriptor):
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(
        type(tmp_path), "replace", lambda a, b: (done.append("name"), replace(a, b))[1]
    )
    atomic.write_text(tmp_path / "a", "x")
    assert done == ["file", "name", "folder"]


def test_many_writers_of_one_path_do_not_meet(tmp_path):
    path, size = tmp_path / "a", 1 << 16

    def write(letter):
        for _ in range(20):
            atomic.write_bytes(path, letter * size)

    threads = [threading.Thread(target=write, args=(bytes([65 + i]),)) for i in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if path.exists():
            data = path.read_bytes()
            assert data == data[:1] * size
    assert names(tmp_path) == ["a"]


def test_a_folder_is_refused_with_what_to_write(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder: write the name of a file"):
        atomic.write_text(tmp_path, "x")
    with pytest.raises(ValueError, match=r"--json=.* is a folder: write the name of a file"):
        atomic.check_output(tmp_path, "--json")
    assert names(tmp_path) == []


def test_a_path_below_a_file_is_refused(tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(ValueError, match=r"--output=.*a/b/c: .*a is a file: write another path"):
        atomic.check_output(tmp_path / "a" / "b" / "c")
    atomic.check_output(tmp_path / "a")
    atomic.check_output(tmp_path / "new" / "b")
    assert names(tmp_path) == ["a"]  # looking leaves nothing behind


def test_a_failure_names_the_file_that_was_asked_for(tmp_path):
    with pytest.raises(OSError) as error, atomic.replacing(tmp_path / "a") as temporary:
        temporary.with_name("gone").rename(temporary)
    assert "gone" in str(error.value)  # another file keeps its name
    with pytest.raises(FileNotFoundError) as error, atomic.replacing(tmp_path / "a"):
        pass  # nothing was written
    assert error.value.filename == str(tmp_path / "a")
    with pytest.raises(OSError) as error, atomic.replacing(tmp_path / "a"):
        raise OSError(errno.ENOSPC, "No space left on device")  # as a write says it
    assert error.value.filename == str(tmp_path / "a")


def test_what_may_be_replaced(tmp_path):
    """Pictures and pages, and the command says so; arrays only by --force."""
    for name in ("a.png", "b.html", "c.npz", "d.safetensors", "e.stablehlo"):
        path = tmp_path / name
        assert atomic.check_output(path) == ""
        path.write_text("")
        if path.suffix in (".png", ".html"):
            assert "it replaces the file that was there" in atomic.check_output(path)
            continue
        with pytest.raises(ValueError, match=f"--output: .*{name} is there already: write --force"):
            atomic.check_output(path)
        assert "it replaces" in atomic.check_output(path, force=True)


def test_a_name_that_says_another_format(tmp_path):
    with pytest.raises(ValueError, match=r"--output=a\.txt: write a name that ends in \.html or"):
        atomic.check_output(atomic.Path("a.txt"), endings=(".html", ".htm"))
    assert atomic.check_output(tmp_path / "A.HTML", endings=(".html",)) == ""
    assert atomic.check_output(atomic.Path(os.devnull), endings=(".html",)) == ""


def test_a_device_is_written_directly():
    atomic.write_text(atomic.Path(os.devnull), "x")
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


def test_what_a_killed_process_left_is_swept_when_it_is_old(tmp_path):
    left = tmp_path / f".0123456789abcdef{atomic.SUFFIX}"
    left.write_text("half")
    atomic.sweep(tmp_path)
    assert left.exists()  # it may be written now
    os.utime(left, (0, 0))
    (tmp_path / ".hidden").write_text("")
    atomic.sweep(tmp_path)
    assert names(tmp_path) == [".hidden"]


def test_a_hash_is_that_of_the_content(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert atomic.sha256(tmp_path / "a").startswith("ba7816bf8f01cfea414140de5dae2223")
