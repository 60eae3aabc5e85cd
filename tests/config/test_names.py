"""Models and objectives by name: jaxgan's own, and somebody's package.module."""

import sys

import pytest

from jaxgan import models
from jaxgan.build import build
from jaxgan.config import check, default_config, module_named
from jaxgan.game import objectives
from jaxgan.models import biggan
from tests.tiny import spec_of

OWN = "from jaxgan.models.mlp import *\nfrom jaxgan.models.mlp import default_config, networks\n"


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """Return a function that writes mine/NAME.py, a module of somebody's own."""
    folder = tmp_path / "mine"
    folder.mkdir()
    monkeypatch.syspath_prepend(tmp_path)

    def write(name: str, text: str) -> None:
        (folder / f"{name}.py").write_text(text)

    yield write
    for name in [name for name in sys.modules if name.split(".")[0] == "mine"]:
        del sys.modules[name]


def refusal(section: str, name: str) -> str:
    package = {"model": models, "objective": objectives}[section]
    with pytest.raises(ValueError, match=f"^{section}.name = {name!r}: ") as error:
        module_named(package, section, name)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_names_of_jaxgan_come_first():
    assert module_named(models, "model", "biggan") is biggan


def test_a_model_of_ones_own(mine):
    mine("wide", OWN)
    config = default_config("mine.wide")
    assert config.model.generator_widths == (1200, 1200)
    assert config.model.name == "mine.wide"  # which a run's config.json names it by
    check(config, devices=1)
    game = build(config, spec_of((8, 8, 1), 10))
    module = game.players["generator"].side.module
    assert type(module).__module__ == "jaxgan.models.mlp"


def test_unknown_names_show_the_nearest():
    assert "did you mean 'biggan_deep'? write one of adda, auto" in refusal("model", "biggan_dep")
    assert "write one of acgan, adda, adversarial" in refusal("objective", "xyz")
    assert "write one of" in refusal("model", "layers")  # of jaxgan, and no model
    assert "layers" not in refusal("model", "zzz")


def test_a_module_that_is_not_there(mine):
    mine("wide", OWN)
    assert "there is no module 'mine.wode': write package.module" in refusal("model", "mine.wode")
    assert "there is no module 'yours': write" in refusal("model", "yours.wide")
    for name in ("..", "a.", ".b", "a b.c", ""):
        assert "or package.module for your own" in refusal("model", name)


def test_a_module_that_raises_or_lacks_functions(mine, tmp_path):
    place = tmp_path / "mine"
    mine("half", "def default_config(): ...\n")
    assert f"{place}/half.py does not define networks" in refusal("model", "mine.half")
    assert "does not define objectives and NEEDS" in refusal("objective", "mine.half")
    mine("zero", "\n1 / 0\n")
    message = refusal("model", "mine.zero")
    assert f"raises ZeroDivisionError: division by zero ({place}/zero.py, line 2)" in message
    mine("needs", "import nowhere_at_all\n")
    assert "raises ModuleNotFoundError: No module named 'nowhere" in refusal("model", "mine.needs")
    mine("wrong", "def (:\n")
    assert "raises SyntaxError: invalid syntax (wrong.py, line 1)" in refusal("model", "mine.wrong")
