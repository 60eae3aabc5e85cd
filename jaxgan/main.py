"""The command line: jaxgan COMMAND --flags. Every command also runs on a work directory alone."""

import sys
from collections.abc import Callable
from pathlib import Path

import jax
from absl import flags
from ml_collections import ConfigDict, config_flags

from jaxgan.devices import compiler, processes

USAGE = """usage: jaxgan COMMAND [flags]

  train     --config=configs/NAME.py --workdir=DIR [--config.field=value ...]
            train, or continue what is in DIR
  sample    MODEL [--kind=classes] [--output=FILE] [--seed=0] [--truncation=0.5] [--classes=A,3]
            draw from a run's directory or an exported file. Kinds: classes (a row for each),
            truncations, latents and between (interpolations), arithmetic, walk (a .gif or .mp4),
            images (one file each; --count=50000 --shard=0/4, the same command continues)
  evaluate  MODEL|FOLDER [--config.evaluate.field=value ...] [--truncation=0.04:2.0:0.04]
            [--follow] [--table] [--output=DIR]
            score a generator or a folder of images against real images; a line in results.jsonl.
            --truncation: a curve; --follow: each checkpoint of a training; --table: what is there
  compile   --config=configs/NAME.py [--topology=v5e:8x8] [--slices=1] [--json=FILE]
            [--channels=3] [--classes=1000] [--code] [--config.field=value ...]
            what a training step costs on a TPU slice, or here: nothing is run; --code makes its
            machine code too, for ten times as long, and so knows its size and
            the time that the compiler expects
  doctor    --config=configs/NAME.py [--workdir=DIR] [--steps=3] [--config.field=value ...]
            reads every image, compiles and times the step: what would go wrong, before it does
  report    WORKDIR [WORKDIR ...] [--output=FILE.html]
            one page that shows runs without a server
  export    MODEL --output=FILE.safetensors|FILE.stablehlo [--truncations=0.5,1]
            a file that samples without the run, or without jaxgan
  explore   MODEL [--port=8000] [--host=localhost]
            a page with sliders, in the browser
  directions MODEL [--method=factorised] [--count=6] [--output=FILE.png]
            what the strongest directions of the latents change
  invert    MODEL --image=FILE [--label=NAME] [--steps=300] [--output=FILE.png]
            the latents of an image
  import    KIND SOURCE TARGET.safetensors
            published weights: biggan-pytorch, huggingface, hub
  prepare   SOURCE TARGET [--size=128 ...]
            make a data set from a folder, an archive or arrays (jaxgan prepare --help)

Config files are Python: run only those you trust.
"""


class UsageError(Exception):
    """A command line that cannot run; the message says what to write instead."""


def parse(
    argv: list[str],
    saved_config: bool | Callable[[Path], ConfigDict],
    needs_workdir: bool = True,
    **defaults: object,
) -> flags.FlagValues:
    """Parse flags: workdir, config with its fields, and `defaults` (their types are theirs).

    saved_config: without --config=FILE, take the config that the work directory holds, or what
      this says of it.
    """
    values = flags.FlagValues()
    flags.DEFINE_string("workdir", None, "work directory of the run", flag_values=values)
    for name, default in defaults.items():
        kinds = {bool: flags.DEFINE_boolean, int: flags.DEFINE_integer}
        kinds.get(type(default), flags.DEFINE_string)(name, default, "", flag_values=values)
    given = any(a.startswith(("--config=", "-config=")) or a in ("--config",) for a in argv)
    argv = ["jaxgan", *argv]
    try:
        if saved_config and not given:
            values(argv, known_only=True)  # the work directory says what config there is
            from jaxgan.trained.export import model_config

            find = saved_config if callable(saved_config) else model_config
            known = find(workdir(values))
            config_flags.DEFINE_config_dict("config", known, flag_values=values)
        else:
            config_flags.DEFINE_config_file("config", lock_config=True, flag_values=values)
        rest = values(argv)[1:]
        if rest:
            raise UsageError(f"{rest[0]!r} is not a flag: write --name=value")
        if not isinstance(values.config, ConfigDict):
            raise UsageError("--config holds no config: write --config=configs/NAME.py")
        if needs_workdir:
            workdir(values)
        return values
    except (flags.Error, AttributeError, KeyError, TypeError, OSError) as error:
        raise UsageError(one_line(error)) from error


def one_line(error: Exception) -> str:
    """Return what the flags' libraries say, in one line."""
    while error.args and isinstance(error.args[0], Exception):
        error = error.args[0]
    lines = str(error.args[0] if error.args else error).splitlines()
    if isinstance(error, KeyError):  # its text is the name alone, and one like it
        lines = ["the config has no field", *lines]
    return " ".join(line.strip() for line in lines if line.strip())


def workdir(values: flags.FlagValues) -> Path:
    if not values.workdir:
        raise UsageError("--workdir is missing: write --workdir=DIR, such as --workdir=runs/first")
    return Path(values.workdir).absolute()


def with_model(argv: list[str]) -> list[str]:
    """Return the arguments with a first one that is no flag, the model, as --workdir."""
    return [f"--workdir={argv[0]}", *argv[1:]] if argv and argv[0][:1] != "-" else argv


def train(argv: list[str]) -> int:
    values = parse(argv, saved_config=False)
    from jaxgan.training.train import train

    return train(values.config, workdir(values))


def sample(argv: list[str]) -> int:
    from jaxgan.trained.sample.command import Wish, sample

    values = parse(with_model(argv), saved_config=True, **Wish()._asdict())
    wish = Wish(**{name: values[name].value for name in Wish._fields})
    return sample(workdir(values), ConfigDict(values.config), wish)


def evaluate(argv: list[str]) -> int:
    from jaxgan.evaluate.command import Options, evaluate
    from jaxgan.evaluate.models import known_config

    values = parse(with_model(argv), known_config, **Options()._asdict())
    options = Options(**{name: values[name].value for name in Options._fields})
    return evaluate(workdir(values), ConfigDict(values.config), options)


def compile_step(argv: list[str]) -> int:
    saved_config = any(a.lstrip("-").startswith("workdir") for a in argv)
    defaults = {"topology": "", "slices": 1, "channels": 3, "classes": 1000}
    values = parse(argv, saved_config, False, **defaults, json="", code=False)
    from jaxgan.planning.compile_report import compile_command

    return compile_command(
        ConfigDict(values.config),
        values.topology,
        values.slices,
        values.channels,
        values.classes,
        values.json,
        values.code,
    )


def doctor(argv: list[str]) -> int:
    values = parse(argv, saved_config=False, needs_workdir=False, steps=3)
    from jaxgan.planning.doctor import doctor

    return doctor(
        ConfigDict(values.config), Path(values.workdir or "runs").absolute(), values.steps
    )


def model_flags(argv: list[str], **defaults: object) -> tuple[Path, ConfigDict, flags.FlagValues]:
    """Parse the arguments of a command on a run's directory or a file."""
    values = parse(with_model(argv), saved_config=True, **defaults)
    return workdir(values), ConfigDict(values.config), values


def export(argv: list[str]) -> int:
    model, config, values = model_flags(argv, output="generator.safetensors", truncations="")
    from jaxgan.trained.export import export_command

    try:
        truncations = tuple(float(t) for t in values.truncations.split(",") if t)
    except ValueError:
        raise UsageError(f"--truncations={values.truncations}: write numbers, 0.5,1") from None
    return export_command(model, config, Path(values.output), truncations or None)


def explore(argv: list[str]) -> int:
    model, config, values = model_flags(argv, host="localhost", port=8000)
    from jaxgan.trained.explore.server import explore

    return explore(model, config, values.host, values.port)


def directions(argv: list[str]) -> int:
    fields = {"method": "factorised", "count": 6, "layer": "", "label": "", "seed": 0}
    model, config, values = model_flags(argv, output="directions.png", **fields)
    from jaxgan.trained.directions import directions_command

    wanted = (values[name].value for name in fields)
    return directions_command(model, config, Path(values.output), *wanted, None, 3.0)


def invert(argv: list[str]) -> int:
    model, config, values = model_flags(argv, image="", output="inversion.png", label="", steps=300)
    from jaxgan.trained.inversion import invert_command

    if not values.image:
        raise UsageError("--image is missing: write --image=FILE.png")
    output, image = Path(values.output), Path(values.image)
    return invert_command(model, config, image, output, values.label, values.steps)


def report(argv: list[str]) -> int:
    from jaxgan.report.write import report

    output = [a.partition("=")[2] for a in argv if a.startswith("--output=")]
    unknown = [a for a in argv if a[:1] == "-" and not a.startswith("--output=")]
    if unknown:
        raise UsageError(f"{unknown[0]!r} is not a flag of report: write --output=FILE.html")
    workdirs = [Path(a) for a in argv if a[:1] != "-"]
    return report(workdirs, Path(output[0]) if output else None)


def import_(argv: list[str]) -> int:
    from jaxgan.trained import published

    if len(argv) != 3:
        raise UsageError("write jaxgan import KIND SOURCE TARGET.safetensors")
    kind, source, target = argv
    weights = published.import_weights(source, kind, target)
    print(f"{target}: {len(weights.arrays)} arrays; jaxgan sample {target} draws from it")
    return 0


def prepare(argv: list[str]) -> int:
    from jaxgan.data.prepare.command import command

    return command(argv)


def run() -> None:
    """Entry point of `jaxgan` and `python -m jaxgan`."""
    commands = {"train": train, "sample": sample, "evaluate": evaluate, "prepare": prepare}
    commands |= {"compile": compile_step, "doctor": doctor, "report": report, "export": export}
    commands |= {"explore": explore, "directions": directions, "invert": invert}
    commands |= {"import": import_}
    name = sys.argv[1] if len(sys.argv) > 1 else "help"
    if name in ("help", "--help", "-h"):
        print(USAGE)
        sys.exit(0)
    if name not in commands:
        sys.exit(f"jaxgan: no command {name!r}: write one of {', '.join(commands)}")
    compiler.enable_persistent_cache()
    try:
        if name in ("train", "sample", "evaluate"):
            processes.join()
        sys.exit(commands[name](sys.argv[2:]))
    except (UsageError, ValueError, OSError, RuntimeError) as error:
        processes.fail(error)
        if jax.config.jax_traceback_filtering == "off":
            raise
        sys.exit(f"jaxgan {name}: {error}")
    finally:
        processes.leave()
