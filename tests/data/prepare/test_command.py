"""The command line: flags, messages, exit codes."""

import numpy as np
import pytest

from jaxgan import main
from jaxgan.data.prepare import command as module
from jaxgan.data.prepare.command import command
from jaxgan.data.records import open_records
from tests.data.image_kinds import random_images, stored_images


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["a"], "the following arguments are required: TARGET"),
        (["a", "b", "--sise=3"], "unknown argument --sise=3; did you mean --size?"),
        (["a", "b", "c"], "unknown argument c"),
        (["a", "b", "--size=0"], "'0' is not a size; write 128 or 96x128"),
        (["a", "b", "--size=1x2x3"], "'1x2x3' is not a size"),
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


def run(argv, monkeypatch, capsys) -> str:
    """Run a command line that fails; return what it prints and what it exits with."""
    monkeypatch.setattr("sys.argv", ["jaxgan", "prepare", *map(str, argv)])
    with pytest.raises(SystemExit) as stop:
        main.run()
    return f"{capsys.readouterr().err}{stop.value.code}"


def test_refused_work_is_one_clear_line(tmp_path, monkeypatch, capsys):
    said = run([tmp_path / "nothing", tmp_path / "out"], monkeypatch, capsys)
    assert said == f"jaxgan prepare: {tmp_path / 'nothing'}: no such file or folder"


def test_a_fault_of_jaxgan_keeps_its_traceback(monkeypatch, capsys):
    monkeypatch.setattr(module, "prepare", lambda **_: int("seven"))
    said = run(["a", "b"], monkeypatch, capsys)
    assert "Traceback" in said and "please report it" in said


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


def test_help_gives_every_flag_its_default_and_an_example(capsys):
    with pytest.raises(SystemExit) as done:
        command(["--help"])
    assert done.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "jaxgan prepare photos data/photos --size=128" in text
    for action in module._parser()._actions:
        if action.option_strings and action.dest != "help":
            assert action.option_strings[0] in text
            assert "such as" in action.help and "(default: " in action.help, action.dest
            shown = action.help.split("(default: ")[1]
            if isinstance(action.default, str | int):
                assert shown.startswith(str(action.default)), action.dest


def test_order_and_seed(tmp_path):
    images = random_images((9, 4, 4, 1))
    np.savez(tmp_path / "a.npz", images=images)
    for name, flags in {"source": ["--order=source"], "zero": [], "one": ["--seed=1"]}.items():
        assert command([str(tmp_path / "a.npz"), str(tmp_path / name), *flags]) == 0
    np.testing.assert_array_equal(stored_images(tmp_path / "source"), images)
    zero, one = stored_images(tmp_path / "zero"), stored_images(tmp_path / "one")
    assert not np.array_equal(zero, images) and not np.array_equal(zero, one)
    assert sorted(x.tobytes() for x in one) == sorted(x.tobytes() for x in images)


def test_a_names_file_that_is_not_utf8(tmp_path, capsys):
    (tmp_path / "names.txt").write_bytes(b"cat\nd\xf6g\n")
    assert command(["a", "b", f"--class-names={tmp_path / 'names.txt'}"]) == 2
    assert "names.txt: line 2 is not UTF-8 (byte 0xf6)" in capsys.readouterr().err


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
