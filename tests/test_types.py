"""Annotations are checked: what jaxgan says of its arguments and results holds in its own code."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import jaxgan

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_pyright_finds_no_error():
    pytest.importorskip("pyright")
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 errors" in done.stdout  # of files that it found


def test_type_checkers_see_the_public_names_where_they_are_imported_from():
    source = ast.parse(Path(jaxgan.__file__).read_text("utf-8"))
    (seen,) = (node for node in source.body if isinstance(node, ast.If))  # if TYPE_CHECKING
    homes = {alias.name: line.module for line in seen.body for alias in line.names}
    assert sorted(homes) == sorted(jaxgan.__all__)
    for name, home in homes.items():
        assert getattr(jaxgan, name) is getattr(importlib.import_module(home), name)
    assert Path(jaxgan.__file__).with_name("py.typed").is_file()
