"""Flags: read, refused, listed in each command's help; what `jaxgan` itself answers."""

import dataclasses
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import jaxgan
from jaxgan import main
from jaxgan.commands import command, config, edit, evaluate, sample
from jaxgan.commands.command import Command, help_text, parse
from jaxgan.config.field import Field, at_least
from tests.tiny import tiny_run

ROOT = Path(__file__).parent.parent.parent
FLAGS = {
    "count": Field(3, "how many", at_least(1)),
    "reach": Field(1.5, "how far"),
    "all": Field(False, "everything"),
    "name": Field("", "of a thing"),
}
PLAIN = Command("plain", "Do it.", "jaxgan plain", lambda values: 0, "MODEL", FLAGS)


def test_flags_and_operands_in_any_order():
    for argv in (
        ["m", "--count=5", "--all", "--name=a=b"],
        ["--count", "5", "--all", "m", "--name", "a=b"],
        ["-count=5", "--name=a=b", "--all=true", "--workdir=m"],
    ):
        values = parse(PLAIN, argv)
        assert (values.count, values.all, values.name, values.reach) == (5, True, "a=b", 1.5)
        assert values.model == Path("m").absolute()
    assert parse(PLAIN, ["m"]).all is False
    assert parse(PLAIN, ["m", "--reach=-2"]).reach == -2.0


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        ([], "MODEL is missing: write it, as in jaxgan plain"),
        (["--count=1"], "MODEL is missing"),
        (["a", "b"], "'b' is one MODEL too many"),
        (["a", "--workdir=b"], "'b' is one MODEL too many"),
        (["a", "--cuont=1"], "'--cuont=1' is not a flag: did you mean --count?"),
        (["a", "--zzz"], "'--zzz' is not a flag: jaxgan plain --help lists them"),
        (["a", "--count"], "--count has no value"),
        (["a", "--count", "--all"], "--count has no value"),
        (["a", "--count=x"], "--count=x: write a whole number of 1 or more, such as 3"),
        (["a", "--count=0"], "--count=0: write a whole number of 1 or more"),
        (["a", "--reach=nan"], "--reach=nan: write a number"),
        (["a", "--all=perhaps"], "--all=perhaps: write True or False"),
        (["a", "--config.train.batch=3"], "'--config.train.batch=3' is not a flag"),
        (["a", "--"], "'--' is not a flag"),
        (["a", "-"], "'-' is not a flag"),
    ],
)
def test_refusals(argv, line):
    with pytest.raises(ValueError, match="^" + line.replace("?", r"\?")) as error:
        parse(PLAIN, argv)
    assert "\n" not in str(error.value)


def test_fields_of_the_config():
    argv = ["--config=debug", "--config.train.batch", "8", "--config.seed=3", "--config.seed=4"]
    found = parse(config.COMMAND, argv).config
    assert (found.train.batch, found.seed, found.model.width) == (8, 4, 4)


@pytest.mark.parametrize("name", [name for name in main.COMMANDS if name != "prepare"])
def test_every_command_lists_every_flag_and_an_example_that_parses(name):
    found = main.command_named(name)
    text = help_text(found)
    assert found.name == name and f"example: jaxgan {name}" in text
    for flag, field in found.all_flags.items():
        assert f"--{flag}" in text and field.doc in text
        assert not field.default or field.type is bool or f"(default: {field.default})" in text
    fields = [f"--config.{section}.FIELD=VALUE" for section in found.sections]
    for line in fields or ["--config.FIELD=VALUE"]:
        assert found.has_config == (line in text)
    words = found.example.split()[2:]
    assert command._split(found, words)


def fields_of(options) -> dict:
    return dataclasses.asdict(options) if dataclasses.is_dataclass(options) else options._asdict()


def test_the_flags_are_those_of_the_functions():
    from jaxgan.evaluate.command import Options as Evaluation
    from jaxgan.trained.edit_command import Options as Editing
    from jaxgan.trained.sample.command import Options as Sampling

    commands = (sample.FLAGS, Sampling), (evaluate.FLAGS, Evaluation), (edit.FLAGS, Editing)
    for flags, wish in commands:
        assert {name: flag.default for name, flag in flags.items()} == fields_of(wish())


def answered(monkeypatch, capsys, *argv: str) -> str:
    monkeypatch.setattr(sys, "argv", ["jaxgan", *argv])
    with pytest.raises(SystemExit) as stop:
        main.run()
    assert stop.value.code == 0
    return capsys.readouterr().out


def test_help_of_every_kind(monkeypatch, capsys):
    for argv in ([], ["help"], ["--help"], ["-h"]):
        text = answered(monkeypatch, capsys, *argv)
        assert all(f"  {name} " in text for name in main.COMMANDS)
    for argv in (["sample", "--help"], ["help", "sample"], ["sample", "x", "-h"]):
        assert "--truncations=TEXT" in answered(monkeypatch, capsys, *argv)
    assert "--class-names" in answered(monkeypatch, capsys, "help", "prepare")


@pytest.mark.parametrize(
    ("name", "flag", "line"),
    [
        ("explore", "--port=99999", "--port=99999: write a number from 0 to 65535"),
        ("explore", "--port=-1", "--port=-1: write a number from 0 to 65535"),
        ("import", "--batch_norm_eps=-1", "--batch_norm_eps=-1.0: write a number of 0.0 or more"),
        ("average", "--length=0.5", "--length=0.5: write a number from 0.001 to 0.2886"),
    ],
)
def test_numbers_out_of_range_are_refused_before_anything_starts(name, flag, line):
    found = main.command_named(name)
    with pytest.raises(ValueError, match="^" + re.escape(line)):
        parse(found, [*("x" for _ in found.operands.split()), flag])


def test_the_version(monkeypatch, capsys):
    assert answered(monkeypatch, capsys, "--version") == f"jaxgan {jaxgan.__version__}\n"
    assert importlib.metadata.version("jaxgan") == jaxgan.__version__


def test_configs_and_fields_are_listed(monkeypatch, capsys):
    lines = answered(monkeypatch, capsys, "configs").splitlines()
    assert len(lines) == len(list((ROOT / "configs").glob("*.py")))
    assert any(line.startswith("quickstart ") and "Quick start" in line for line in lines)
    text = answered(monkeypatch, capsys, "config", "train.batch", "--config=quickstart")
    assert text.startswith("train.batch = 64\n    a whole number of 1 or more: images in one")
    text = answered(monkeypatch, capsys, "config", "mesh", "seed")
    assert text.count(" = ") == 2
    text = answered(monkeypatch, capsys, "config", "model", "--config=infogan_fashion")
    assert (
        "model.num_codes = 2\n    a whole number of 0 or more: how many of the latents are codes\n"
        in text
    )  # a comment beside it
    assert answered(monkeypatch, capsys, "config").count("\n    ") > 90


@pytest.mark.parametrize(
    ("name", "field", "line"),
    [
        ("sample", "model.width=8", "--config.model.width: jaxgan sample reads config.sample only"),
        ("export", "train.steps=8", "--config.train.steps: jaxgan export reads config.sample only"),
        ("evaluate", "seed=1", "reads config.evaluate and config.sample and config.data only"),
        ("sample", "sample.weight=raw", "did you mean sample.weights?"),
    ],
)
def test_a_field_that_a_command_does_not_read_is_refused(name, field, line, tmp_path):
    tiny_run(tmp_path)
    with pytest.raises(ValueError, match=re.escape(line)):
        parse(main.command_named(name), [str(tmp_path), f"--config.{field}"])


def test_help_starts_neither_jax_nor_flax():
    code = (
        "import sys; from jaxgan import main;"
        "[main.help_text(main.command_named(n)) for n in main.COMMANDS if n != 'prepare'];"
        "sys.exit(any(m in sys.modules for m in ('jax', 'flax', 'numpy')))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert (
        subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
    )


def test_a_closed_pipe_is_no_error():
    read, write = os.pipe()
    os.close(read)
    command_line = [sys.executable, "-m", "jaxgan", "config"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command_line, stdout=write, stderr=-1, env=environment, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (main.STDOUT_CLOSED, b"")


@pytest.mark.slow
def test_standard_output_that_is_closed_and_a_directory_that_is_gone(tmp_path):
    shell = f'"{sys.executable}" -m jaxgan configs'
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    for line, code, said in (
        (f"{shell} >&-", 0, ""),
        (f"mkdir gone; cd gone; rmdir ../gone; {shell}", 1, "current directory has been deleted"),
    ):
        done = subprocess.run(
            line, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == code and said in done.stderr and "Traceback" not in done.stderr


SOURCES = ("jaxgan", "configs", "pyproject.toml", "setup.py", "README.md", "LICENSE")


def test_the_launchers_copy_all_that_an_installation_needs():
    docker = (ROOT / "launch" / "Dockerfile").read_text("utf-8")
    copied = {
        word for line in re.findall(r"^COPY (.+) \S+$", docker, re.M) for word in line.split()
    }
    (parts,) = re.findall(r"^for part in (.+); do$", (ROOT / "launch/tpu_pod.sh").read_text(), re.M)
    assert copied >= set(SOURCES) and set(parts.split()) >= set(SOURCES)


def test_an_installed_wheel_has_the_configs_and_the_models(tmp_path):
    """Built from a copy of what it is made of, installed elsewhere, run from another folder."""
    source, wheels, installed = (tmp_path / name for name in ("source", "wheels", "installed"))
    skip = shutil.ignore_patterns("__pycache__")
    source.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=skip)
        else:
            shutil.copy(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "-q"]
    build = ("wheel", "--no-deps", "--no-build-isolation", "-w", str(wheels), str(source))
    subprocess.run([*pip, *build], check=True)
    (wheel,) = wheels.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "-t", str(installed), str(wheel)], check=True)

    def answer(*argv: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(installed)}
        command_line = [sys.executable, "-m", "jaxgan", *argv]
        return subprocess.run(
            command_line, cwd="/", env=environment, stdout=-1, check=True, text=True
        ).stdout

    assert len(answer("configs").splitlines()) == len(list((ROOT / "configs").glob("*.py")))
    argv = ("config", "train.batch", "--config=biggan_ablation:batch512")
    assert answer(*argv).startswith("train.batch = 512\n")
    assert [line.split()[0] for line in answer("models").splitlines()] == [
        "emoji",
        "emoji_x4",
        "fashion",
    ]
    assert "## Licence" in answer("models", "fashion")
    assert answer("--version") == f"jaxgan {jaxgan.__version__}\n"
