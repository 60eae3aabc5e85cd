"""The command line: flags, messages, exit codes."""

import numpy as np
import pytest

from jaxgan.data.prepare import command as module
from jaxgan.data.prepare.command import command
from jaxgan.data.records import open_records
from tests.data.image_kinds import random_images


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["a"], "the following arguments are required: TARGET"),
        (["a", "b", "--sise=3"], "unknown argument --sise=3; did you mean --size?"),
        (["a", "b", "c"], "unknown argument c"),
        (["a", "b", "--size=0"], "'0' is no size; write 128 or 96x128"),
        (["a", "b", "--size=1x2x3"], "'1x2x3' is no size"),
        (["a", "b", "--shards=0"], "'0'; write a number of 1 or more"),
        (["a", "b", "--resize=nearest"], "invalid choice: 'nearest'"),
        (["a", "b", "--background=red"], "'red'; write three numbers such as 255,255,255"),
        (["a", "b", "--class-names=nothing.txt"], "nothing.txt: cannot be read"),
        (["a", "b", "--channels=x"], "invalid int value: 'x'"),
    ],
)
def test_bad_flags_are_one_clear_line(argv, message, capsys):
    assert command(argv) == 2
    out = capsys.readouterr()
    assert message in out.err and out.err.count("\n") == 1 and out.out == ""


def test_refused_work_is_one_clear_line(tmp_path, capsys):
    assert command([str(tmp_path / "nothing"), str(tmp_path / "out")]) == 1
    out = capsys.readouterr()
    assert out.err == f"jaxgan prepare: {tmp_path / 'nothing'}: no such file or folder\n"


def test_all_flags(tmp_path, capsys):
    np.savez(tmp_path / "a.npz", images=random_images((6, 8, 12)), labels=[0, 1, 0, 1, 0, 1])
    (tmp_path / "names.txt").write_text("cat\ndog\nfox\n")
    flags = ["--size=4x6", "--channels=1", "--bits=8", "--resize=lanczos", "--crop=none"]
    flags += ["--format=jpeg", "--quality=80", "--background=0,0,0", "--shards=2", "--workers=1"]
    flags += [f"--class-names={tmp_path / 'names.txt'}", "--split=train"]
    assert command([str(tmp_path / "a.npz"), str(tmp_path / "out"), *flags]) == 0
    out = capsys.readouterr().out
    assert "6 images of 4x6x1 uint8 (jpeg), 3 classes of 0 to 3" in out
    assert "1 classes without images, such as 'fox'" in out
    assert open_records(tmp_path / "out").class_names == ("cat", "dog", "fox")


def test_one_class_is_said(tmp_path, capsys):
    np.savez(tmp_path / "a.npz", images=random_images((2, 4, 4)))
    assert command([str(tmp_path / "a.npz"), str(tmp_path / "out")]) == 0
    assert "One class only ('0'): train without classes." in capsys.readouterr().out


def test_an_interruption_says_how_to_go_on(monkeypatch, capsys):
    def interrupted(**_):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "prepare", interrupted)
    assert command(["a", "b"]) == 130
    assert capsys.readouterr().err == "jaxgan prepare: stopped; the same command continues\n"


def test_a_full_disk_says_how_to_go_on(monkeypatch, capsys):
    def full(**_):
        raise OSError(28, "No space left on device", "out/x")

    monkeypatch.setattr(module, "prepare", full)
    assert command(["a", "b"]) == 1
    assert "run the same command again: what is finished is kept" in capsys.readouterr().err
