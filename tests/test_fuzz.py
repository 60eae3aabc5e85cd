"""Thousands of wrong configs, checkpoints and manifests: each is refused in one line of our own.

(Data preparation has tests/data/prepare/test_prepare_fuzz.py.)
"""

import json
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies
from ml_collections import ConfigDict

from jaxgan.commands import command, train
from jaxgan.config import default_config
from jaxgan.data.records import open_records
from jaxgan.files import manifest
from jaxgan.training import run
from jaxgan.training.checkpoints import CheckpointError, Checkpoints
from tests.training.test_checkpoints import abstract, saved, state

CONFIG = Path(__file__).parent.parent / "configs" / "debug.py"
RECORDS = open_records("fashion_mnist")


def fuzzed(examples, **inputs):
    """Run a check on inputs that are the same in every run."""

    def decorate(check):
        quiet = [hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.filter_too_much]
        settings = hypothesis.settings(
            max_examples=examples, derandomize=True, deadline=None, suppress_health_check=quiet
        )
        return settings(hypothesis.given(**inputs)(check))

    return decorate


stages = pytest.mark.parametrize("examples", [50, pytest.param(3000, marks=pytest.mark.slow)])


def fields(config: ConfigDict, prefix: str = "") -> list[str]:
    """Return all names of a config, of sections too."""
    names = []
    for name in config:
        names.append(prefix + name)
        if isinstance(config.get_ref(name).get(), ConfigDict):
            names += fields(config[name], f"{prefix}{name}.")
    return names


NAMES = fields(default_config())
numbers = strategies.integers(-3, 70) | strategies.integers() | strategies.floats()
words = strategies.sampled_from(["", "none", "None", "True", "hinge", "normal", "roll_back"])
values = numbers | words | strategies.text(max_size=9) | strategies.tuples(numbers, numbers)
overrides = strategies.tuples(strategies.sampled_from(NAMES), values).map(
    lambda pair: f"--config.{pair[0]}={pair[1]}"
)
right = strategies.sampled_from(
    ["--config.seed=5", "--config.train.steps=3", "--config.data.flip=1"]
)
wrong = strategies.text(max_size=12) | strategies.text(max_size=9).map("--{}".format)
flags = overrides | right | wrong


@stages
def test_any_command_line_is_built_or_refused_in_one_line(examples, tmp_path):
    accepted = []

    @fuzzed(examples, given=strategies.lists(flags, min_size=1, max_size=2))
    def check(given):
        try:
            argv = [f"--config={CONFIG}", f"--workdir={tmp_path}/run", *given]
            config = ConfigDict(command.parse(train.COMMAND, argv).config)
            run.open_run(tmp_path, run.resolve(config, RECORDS))
            accepted.append(given)
        except ValueError as error:
            assert str(error) and "\n" not in str(error)

    check()
    assert 0 < len(accepted) < examples


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Checkpoints of steps 10 and 20; all of 20's files with their bytes."""
    folder = tmp_path_factory.mktemp("fuzz") / "c"
    assert saved(folder, (10, 20)) == []
    found = sorted((folder / "20").rglob("*"), key=lambda p: p.name == "manifest")
    files = {p: p.read_bytes() for p in found if p.is_file()}
    return folder, files


edits = strategies.tuples(
    strategies.just(-1) | strategies.integers(0, 99),  # which file: the manifest is the last
    strategies.sampled_from([0.0, 1.0]) | strategies.floats(0, 1),  # where in it
    strategies.integers(0, 8),  # how many bytes go
    strategies.binary(max_size=8),  # what comes instead
)


@stages
def test_any_change_of_a_checkpoint_is_noticed(examples, two):
    folder, files = two

    @fuzzed(examples, edit=edits)
    def check(edit):
        which, where, removed, added = edit
        path, data = list(files.items())[which % len(files)]
        at = round(where * len(data))
        changed = data[:at] + added + data[at + removed :]
        hypothesis.assume(changed != data)
        path.write_bytes(changed)
        try:
            with pytest.raises(manifest.DamagedError) as error:
                manifest.verify(folder / "20")
            assert "\n" not in str(error.value)
        finally:
            path.write_bytes(data)

    check()
    manifest.verify(folder / "20")  # as it was


@stages
def test_any_change_of_what_a_data_set_says_of_itself_is_borne_or_refused(examples, tmp_path):
    for path in RECORDS.directory.iterdir():
        (tmp_path / path.name).symlink_to(path)
    small = sorted(p for p in tmp_path.iterdir() if p.suffix in (".json", ".txt", ".npy"))
    files = {path: path.read_bytes() for path in small}
    assert len(files) == 5

    @fuzzed(examples, edit=edits)
    def check(edit):
        which, where, removed, added = edit
        path, data = list(files.items())[which % len(files)]
        at = round(where * len(data))
        path.unlink()
        path.write_bytes(data[:at] + added + data[at + removed :])
        try:
            opened = open_records(tmp_path)
            opened.labels()
            opened.read([0])
        except (ValueError, FileNotFoundError) as error:
            assert "\n" not in str(error) and len(str(error)) > 20
        finally:
            path.write_bytes(data)

    check()


anything = strategies.recursive(
    strategies.none() | strategies.booleans() | numbers | strategies.text(max_size=9),
    lambda inner: (
        strategies.lists(inner, max_size=3)
        | strategies.dictionaries(strategies.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=6,
)
facts = anything | strategies.fixed_dictionaries(
    {}, optional={name: anything for name in ("step", "metrics", "leaves")}
)


@stages
def test_any_manifest_with_a_right_checksum_is_used_or_refused(examples, two):
    folder, files = two
    path = folder / "20" / "manifest"
    good = json.loads(files[path].splitlines()[0])

    @fuzzed(examples, facts=facts, with_files=strategies.booleans(), listed=anything)
    def check(facts, with_files, listed):
        if isinstance(facts, dict):
            facts = {**good, **facts} if with_files else {**good, **facts, "files": listed}
        body = json.dumps(facts).encode()
        path.write_bytes(body + b"\n" + manifest._seal(body))
        said = []
        try:
            with Checkpoints(folder, best_metric="score", say=said.append) as found:
                found.best_step()
                found.restore(abstract(state(0)), found.newest_good())
        except (ValueError, CheckpointError) as error:
            assert "is of another network" in str(error) and "\n" not in str(error)
        finally:
            path.write_bytes(files[path])
        assert all("damaged" in line and "\n" not in line for line in said)

    check()
