"""The command line: jaxgan COMMAND --flags. The commands are in commands/."""

import contextlib
import difflib
import importlib
import os
import select
import signal
import sys
import traceback
from collections.abc import Sequence

import jaxgan
from jaxgan.commands import interrupts
from jaxgan.commands.command import Command, UsageError, help_text, parse
from jaxgan.commands.errors import REPORT, answer

COMMANDS = {
    "train": "train, or continue the run in the work directory",
    "sample": "draw images from a run, an exported file or a name of `jaxgan models`",
    "translate": "translate images with a run that was trained on pairs",
    "evaluate": "score a generator or a folder of images",
    "prepare": "make a data set from a folder, an archive or arrays",
    "doctor": "find what would go wrong in a training before it does",
    "compile": "print what a training step costs on TPUs, NVIDIA cards or here",
    "report": "write one page that shows runs",
    "explore": "serve a page with sliders for the latents",
    "export": "write a generator as one file",
    "push": "publish a generator on the Hugging Face Hub",
    "average": "write a generator averaged over another share of its training",
    "import": "convert published weights to a file that jaxgan samples from",
    "directions": "show what the strongest directions of the latents change",
    "invert": "find the latents of an image",
    "edit": "find the image that looks like strokes painted on another",
    "models": "list the generators that come with jaxgan",
    "configs": "list the configs that come with jaxgan",
    "config": "list the fields of a config",
    "completion": "print a script that lets a shell complete all this",
}
HELP = ("help", "--help", "-h")
STDOUT_CLOSED = 128 + signal.SIGPIPE  # as if killed by it


def usage() -> str:
    """Return what `jaxgan help` prints."""
    rows = [f"  {name:11} {does}" for name, does in COMMANDS.items()]
    return "\n".join(
        [
            "usage: jaxgan COMMAND [--flag=value ...]",
            "",
            *rows,
            "",
            "jaxgan COMMAND --help: its flags, their defaults, an example. jaxgan --version",
            "Config files are Python: run only those you trust.",
        ]
    )


def command_named(name: str) -> Command:
    """Return a command. Raises UsageError, naming the known ones, for an unknown name."""
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise UsageError(f"no command {name!r}: {hint}write one of {', '.join(COMMANDS)}")
    module = "import_" if name == "import" else name
    return importlib.import_module(f"jaxgan.commands.{module}").COMMAND


def execute(command: Command, argv: Sequence[str]) -> int:
    """Run a command on this machine; return its exit code."""
    if not command.uses_jax:
        return command.run(parse(command, argv))
    from jaxgan.devices import compiler, processes

    try:
        compiler.refuse_float64()
        compiler.pass_over_missing_tpu()
        compiler.enable_persistent_cache()
        compiler.reserve_gpu_memory(all_at_once=command.name == "train")
        compiler.ignore_absent_gpus()
        if command.joins:
            processes.join()
            interrupts.handle()  # joining replaces the handlers
        values = parse(command, argv)
        compiler.refuse_missing_platforms()
        return command.run(values)
    except (Exception, KeyboardInterrupt) as error:
        processes.fail(error)
        raise
    finally:
        processes.leave()


def prepare(argv: Sequence[str]) -> int:
    """Run `jaxgan prepare`, whose flags are in data/prepare/command.py."""
    from jaxgan.data.prepare.command import command

    try:
        return command(list(argv))
    except SystemExit as stop:  # --help
        return int(stop.code or 0)


def main(argv: Sequence[str]) -> int:
    """Run a command line; return its exit code. Errors are left to `run`."""
    name, *rest = argv or ["help"]
    if name == "--version":
        print(f"jaxgan {jaxgan.__version__}")
        return 0
    if name in HELP and not rest:
        print(usage())
        return 0
    if name in HELP:
        name, rest = rest[0], ["--help"]
    if name == "prepare":
        with interrupts.announced("jaxgan prepare: stopping; Ctrl-C again: at once"):
            return prepare(rest)
    command = command_named(name)
    if {"--help", "-h"} & set(rest):
        print(help_text(command))
        return 0
    with interrupts.announced(f"jaxgan {name}: {command.stopping}; Ctrl-C again: at once"):
        return execute(command, rest)


def run() -> None:
    """Entry point of `jaxgan` and `python -m jaxgan`: every error is answered here."""
    argv = sys.argv[1:]
    name = f"jaxgan {argv[0]}" if argv and argv[0] in COMMANDS else "jaxgan"
    if sys.stdout is None:  # closed before the start
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - until the end
    try:
        here = os.getcwd()
    except FileNotFoundError:
        sys.exit(f"{name}: the current directory has been deleted: change to another")
    if here not in sys.path:
        sys.path.append(here)  # for models and objectives of your own
    try:
        code = main(argv)
        sys.stdout.flush()
    except KeyboardInterrupt as stopped:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        # Worker threads are not waited for.
        os._exit(getattr(stopped, "exit_code", 128 + signal.SIGINT))
    except Exception as error:
        code = STDOUT_CLOSED if _is_stdout_closed(error) else _answered(name, error)
    sys.exit(code)


def _answered(name: str, error: Exception) -> int | str:
    """Return an error's one-line message, or print a traceback and how to report it."""
    line = answer(error)
    if line is not None and os.environ.get("JAX_TRACEBACK_FILTERING") != "off":
        return f"{name}: {line}"
    traceback.print_exception(error)
    if line is None:
        print(f"\n{name}: {REPORT}", file=sys.stderr)
    return 1


def _is_stdout_closed(error: Exception) -> bool:
    """Return whether standard output has no reader any more; if so, silence it."""
    if not isinstance(error, BrokenPipeError):
        return False
    watched = select.poll()
    watched.register(sys.stdout.fileno(), 0)  # an error is reported without being asked for
    if not watched.poll(0):
        return False
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True
