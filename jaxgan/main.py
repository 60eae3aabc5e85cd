"""The command line: jaxgan COMMAND --flags. Every command also runs on a work directory alone."""

import sys
from pathlib import Path

import jax
from absl import flags
from ml_collections import ConfigDict, config_flags

from jaxgan import compiler
from jaxgan.run import saved

USAGE = """usage: jaxgan COMMAND [flags]

  train     --config=configs/NAME.py --workdir=DIR [--config.field=value ...]
            train, or continue what is in DIR
  sample    --workdir=DIR [--output=FILE.png] [--seed=0] [--config.sample.field=value ...]
            draw a sheet of images from a trained run: a row for each class
  evaluate  --workdir=DIR [--config.evaluate.field=value ...]
            score samples against real images; one line in DIR/results.jsonl
  prepare   SOURCE TARGET [--size=128 ...]
            make a data set from a folder, an archive or arrays (jaxgan prepare --help)

Config files are Python: run only those you trust.
"""


class UsageError(Exception):
    """A command line that cannot run; the message says what to write instead."""


def parse(argv: list[str], saved_config: bool, **defaults: object) -> flags.FlagValues:
    """Parse flags: workdir, config with its fields, and `defaults` (their types are theirs).

    saved_config: without --config=FILE, take the config that the work directory holds.
    """
    values = flags.FlagValues()
    flags.DEFINE_string("workdir", None, "work directory of the run", flag_values=values)
    for name, default in defaults.items():
        define = flags.DEFINE_integer if isinstance(default, int) else flags.DEFINE_string
        define(name, default, "", flag_values=values)
    given = any(a.startswith(("--config=", "-config=")) or a in ("--config",) for a in argv)
    argv = ["jaxgan", *argv]
    try:
        if saved_config and not given:
            values(argv, known_only=True)  # the work directory says what config there is
            config_flags.DEFINE_config_dict("config", saved(workdir(values)), flag_values=values)
        else:
            config_flags.DEFINE_config_file("config", lock_config=True, flag_values=values)
        rest = values(argv)[1:]
        if rest:
            raise UsageError(f"{rest[0]!r} is not a flag: write --name=value")
        if values.config is None:
            raise UsageError("--config is missing: write --config=configs/NAME.py")
        workdir(values)
        return values
    except (flags.Error, AttributeError, KeyError, TypeError, OSError) as error:
        message = str(error.args[0] if error.args else error).strip().splitlines()
        raise UsageError(" ".join(line.strip() for line in message if line.strip())) from error


def workdir(values: flags.FlagValues) -> Path:
    if not values.workdir:
        raise UsageError("--workdir is missing: write --workdir=DIR, such as --workdir=runs/first")
    return Path(values.workdir).absolute()


def train(argv: list[str]) -> int:
    values = parse(argv, saved_config=False)
    from jaxgan.train import train

    return train(values.config, workdir(values))


def sample(argv: list[str]) -> int:
    values = parse(argv, saved_config=True, output="sample.png", seed=0)
    from jaxgan.sample import sample

    return sample(workdir(values), ConfigDict(values.config), Path(values.output), values.seed)


def evaluate(argv: list[str]) -> int:
    values = parse(argv, saved_config=True)
    from jaxgan.evaluate.command import evaluate

    return evaluate(workdir(values), ConfigDict(values.config))


def prepare(argv: list[str]) -> int:
    from jaxgan.data.prepare_command import command

    return command(argv)


def run() -> None:
    """Entry point of `jaxgan` and `python -m jaxgan`."""
    commands = {"train": train, "sample": sample, "evaluate": evaluate, "prepare": prepare}
    name = sys.argv[1] if len(sys.argv) > 1 else "help"
    if name in ("help", "--help", "-h"):
        print(USAGE)
        sys.exit(0)
    if name not in commands:
        sys.exit(f"jaxgan: no command {name!r}: write one of {', '.join(commands)}")
    compiler.enable_persistent_cache()
    try:
        sys.exit(commands[name](sys.argv[2:]))
    except (UsageError, ValueError, FileNotFoundError, RuntimeError) as error:
        if jax.config.jax_traceback_filtering == "off":
            raise
        sys.exit(f"jaxgan {name}: {error}")
