"""Config files: found by path or by name; mistakes in them are refused with file and line."""

import textwrap
from pathlib import Path

import pytest

from jaxgan.config.files import ConfigFileError, first_line, load, shipped

FIRST = "from jaxgan.config import default_config\n\n\ndef get_config():\n"


def written(folder: Path, body: str) -> str:
    """Write a config file whose function has this body, from line 6 on; return its path."""
    lines = f"config = default_config()\n{body}\nreturn config\n"
    path = folder / "mine.py"
    path.write_text(FIRST + textwrap.indent(lines, "    "))
    return str(path)


def refusal(reference: str) -> str:
    with pytest.raises(ConfigFileError) as error:
        load(reference)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("config.train.btach = 3", "no field 'btach'; did you mean 'batch'?"),
        ("config.data.update(sise=(3, 3))", "no field 'sise'; did you mean 'size'?"),
        ("config.modle = {}", "no field 'modle'; did you mean 'model'?"),
        ("config.trian.batch = 3", "no field 'trian'; did you mean 'train'?"),
        ('config.train.batch = "64"', "'batch' takes a whole number, not a string"),
        ("config.train.batch = 2.5", "'batch' takes a whole number, not a number"),
        ("config.data.size = 64", "'size' takes a tuple, not a whole number"),
        ("config.data.class_names = 3", "'class_names' takes a tuple, not a whole number"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import nothing_here", "ModuleNotFoundError: No module named 'nothing_here'"),
        ("default_config('bigann')", "model.name = 'bigann': did you mean 'bigan'?"),
    ],
)
def test_a_line_that_is_wrong_is_shown(body, line, tmp_path):
    path = written(tmp_path, body)
    message = refusal(path)
    assert message.startswith(f"{path}:6: `{body}`: ") and line in message


def test_a_statement_of_several_lines(tmp_path):
    path = written(tmp_path, "config.train.update(\n    steps=3,\n    bach=4,\n)")
    text = "config.train.update( steps=3, bach=4, )"
    expected = f"{path}:6: `{text}`: the config has no field 'bach'; did you mean 'batch'?"
    assert refusal(path) == expected


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("config.train.batch = None", "train.batch = None: write a whole number of 1 or more"),
        ("config.train.batch = 0", "train.batch = 0: write a whole number of 1 or more"),
        ("config.model.width = 0", "model.width = 0: write"),
        ("config.model.dtype = 'float8'", "model.dtype = 'float8': write 'float32' or 'bfloat16'"),
        ("config.model = {}", "model = {} names no module: begin with default_config"),
        ("config.train = {}", "train = {}: this is a section"),
        ("config = None", "get_config returns nothing: return a ConfigDict"),
        ("config.train.steps = 10**400", "train.steps = 1000"),
        ("config.generator.learning_rate = 10**400", "generator.learning_rate = 1000"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("config = {}", "get_config returns a dict: return a ConfigDict"),
        ("config.unlock(); config.train.btach = 3", "train.btach = 3: the config has no such"),
    ],
)
def test_a_config_that_is_wrong(body, line, tmp_path):
    path = written(tmp_path, body)
    message = refusal(path)
    assert message.startswith(path) and line in message


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("def get_config(:\n", ":1: invalid syntax: def get_config(:"),
        ("x = 1\n", " has no function get_config: write"),
        ("\0", ": SyntaxError: source code"),
        ("raise ValueError('no')\n", ":1: no"),
        ("def get_config(size):\n    return size\n", ": get_config takes an argument: write"),
    ],
)
def test_a_file_that_gives_no_config(text, line, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(text)
    assert f"{path}{line}" in refusal(str(path)) or line in refusal(str(path))


def test_files_that_are_not_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    message = refusal("configs/quickstart.py")
    assert message == (
        f"--config=configs/quickstart.py: no such file in {tmp_path}: did you mean "
        "--config=quickstart, which comes with jaxgan?"
    )
    assert refusal("nothing.py") == f"--config=nothing.py: no such file in {tmp_path}"
    assert "no config of this name; did you mean quickstart?" in refusal("quickstrat")
    assert refusal("zzz").startswith("--config=zzz: no config of this name; write one that")
    assert "get_config takes no argument: write --config=" in refusal("quickstart:x")


def test_shipped_configs_by_name_and_by_variant(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load("quickstart").train.batch == 64
    assert load("biggan_ablation").generator.orthogonal == 1e-4
    assert load("biggan_ablation:batch512").train.batch == 512
    assert load(f"{shipped()['biggan_ablation']}:batch512").train.batch == 512
    place = shipped()["biggan_ablation"]
    assert refusal("biggan_ablation:batch1").startswith(f"{place}:47: variant 'batch1': write one")


def test_every_shipped_config_has_a_first_line():
    for path in shipped().values():
        assert first_line(path).endswith(".") and len(first_line(path)) <= 97
