"""Annotations are checked: what jaxgan says of its arguments and results holds in its own code."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]


def test_pyright_finds_no_error():
    pytest.importorskip("pyright")
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 errors" in done.stdout  # of files that it found


def test_the_package_says_that_it_is_typed():
    assert (ROOT / "jaxgan" / "py.typed").is_file()
