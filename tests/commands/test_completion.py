"""A shell completes what there is: bash is asked itself, others where they are installed."""

import shutil
import subprocess

import pytest

from jaxgan import main
from jaxgan.commands.completion import INSTALL, script
from jaxgan.config.files import shipped as configs
from jaxgan.trained.places import shipped as models


def completed(*words: str) -> list[str]:
    """Return what bash offers for the last of some words, as it splits them."""
    quoted = " ".join(f"'{word}'" for word in words)
    line = f"COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _jaxgan"
    text = f'{script("bash")}\n{line}\nprintf "%s\\n" "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_commands_flags_configs_and_models():
    assert completed("jaxgan", "") == sorted(main.COMMANDS)
    assert completed("jaxgan", "ex") == ["explore", "export"]
    assert completed("jaxgan", "sample", "--tr") == ["--truncation", "--truncations"]
    assert completed("jaxgan", "sample", "fa") == ["fashion"]
    assert completed("jaxgan", "translate", "em") == ["emoji", "emoji_x4"]
    assert list(models()) == ["emoji", "emoji_x4", "fashion"]
    quick = ["quickstart", "quickstart_colour"]
    assert completed("jaxgan", "train", "--config", "=", "quick") == quick
    assert completed("jaxgan", "train", "--config=quick") == quick
    assert completed("jaxgan", "train", "--config", "=") == list(configs())
    assert completed("jaxgan", "train", "fa") == []  # it takes no model


@pytest.mark.parametrize("shell", INSTALL)
def test_every_shell_reads_its_script(shell):
    text = script(shell)
    for name in main.COMMANDS:
        assert name in text
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=text, text=True, check=True)


def test_another_shell_is_refused():
    command = main.command_named("completion")
    for operands in ([], ["tcsh"], ["bash", "zsh"]):
        with pytest.raises(ValueError, match="write one of bash, zsh, fish"):
            command.run(type("Values", (), {"operands": operands})())
