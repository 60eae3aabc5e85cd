"""jaxgan completion: a script that lets a shell complete commands, flags, configs and models."""

import importlib
import pkgutil
import shlex
from pathlib import Path
from types import SimpleNamespace

from jaxgan.commands.command import Command, UsageError
from jaxgan.config.files import shipped as configs
from jaxgan.trained.places import shipped as models

INSTALL = {
    "bash": "jaxgan completion bash > ~/.local/share/bash-completion/completions/jaxgan",
    "zsh": "jaxgan completion zsh >> ~/.zshrc",
    "fish": "jaxgan completion fish > ~/.config/fish/completions/jaxgan.fish",
}

BASH = """\
_jaxgan() {
  local word=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD-1]} words
  case $word in
    --config=*) flag=--config word=${word#*=} ;;  # where = does not break words
    =) flag=--config word= ;;
  esac
  [ "$flag" = "=" ] && flag=${COMP_WORDS[COMP_CWORD-2]}
  if [ "$COMP_CWORD" -eq 1 ]; then
    words=@COMMANDS@
  elif [ "$flag" = --config ]; then
    words=@CONFIGS@
  else
    case ${COMP_WORDS[1]} in
@FLAGS@
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -o nosort -F _jaxgan jaxgan
"""


def script(shell: str) -> str:
    """Return the script for a shell, one of INSTALL."""
    commands = known_commands()
    if shell == "fish":
        return _fish(commands)
    lines = []
    for name, command in commands.items():
        words = [f"--{flag}" for flag in command.all_flags] + ["--help"]
        words += list(models()) if takes_a_name(command) else []
        lines.append(f"      {name}) words={shlex.quote(' '.join(words))} ;;")
    names = sorted([*commands, "prepare"])  # argparse parses its flags
    text = BASH.replace("@COMMANDS@", shlex.quote(" ".join(names)))
    text = text.replace("@CONFIGS@", shlex.quote(" ".join(configs())))
    text = text.replace("@FLAGS@", "\n".join(lines))
    return text if shell == "bash" else "autoload -U +X bashcompinit && bashcompinit\n" + text


def known_commands() -> dict[str, Command]:
    """Return the commands of this folder, by name: all but prepare."""
    names = sorted(found.name for found in pkgutil.iter_modules([str(Path(__file__).parent)]))
    modules = [importlib.import_module(f"jaxgan.commands.{name}") for name in names]
    found = [module.COMMAND for module in modules if hasattr(module, "COMMAND")]
    return {command.name: command for command in found}


def takes_a_name(command: Command) -> bool:
    """Return whether the first operand of a command may name a model that comes with jaxgan."""
    return command.has_model or command.operands.startswith("RUN ")


def _fish(commands: dict[str, Command]) -> str:
    first = "complete -c jaxgan -n __fish_use_subcommand -f -a"
    lines = [f"{first} prepare -d {shlex.quote('Make a data set.')}"]
    lines += [
        f"{first} {name} -d {shlex.quote(' '.join(command.does.split()).partition('. ')[0])}"
        for name, command in commands.items()
    ]
    for name, command in commands.items():
        here = f"complete -c jaxgan -n '__fish_seen_subcommand_from {name}'"
        for flag, field in command.all_flags.items():
            takes = "" if field.type is bool else " -r"
            if flag == "config":
                takes = f" -x -a {shlex.quote(' '.join(configs()))}"
            lines.append(f"{here} -l {flag}{takes} -d {shlex.quote(field.doc)}")
        if takes_a_name(command):
            lines.append(f"{here} -a {shlex.quote(' '.join(models()))}")
    return "\n".join(lines) + "\n"


def run(values: SimpleNamespace) -> int:
    if len(values.operands) != 1 or values.operands[0] not in INSTALL:
        given = " ".join(values.operands) or "no shell"
        raise UsageError(f"{given}: write one of {', '.join(INSTALL)}")
    print(script(values.operands[0]), end="")
    return 0


COMMAND = Command(
    "completion",
    "Print a script with which a shell completes commands, flags, configs and models:\n"
    + "\n".join(f"  {line}" for line in INSTALL.values()),
    "jaxgan completion bash",
    run,
    "SHELL",
    uses_jax=False,
)
