"""Every command in README.md and docs/*.md is executed, in order, as it is written.

The fenced bash and python blocks of a document run one after the other, those of each document in a
directory of its own that looks like a fresh clone after the quick start: configs/,
photos/CLASS/*.jpg and runs/quickstart are there. What makes it quick is in one place: `jaxgan` on
the PATH is a stand-in that appends SMALLER's flags (the last one counts) and calls the real one;
./launch/quickstart does not install.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

import jaxgan
from jaxgan.config import default_config
from jaxgan.config.defaults import fields
from jaxgan.data.records import open_records
from jaxgan.main import COMMANDS

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Pages without blocks tell what was measured; the scripts that they name have tests of their own,
# and the files of docs/extend.md are written and used by test_extend.py.
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
DOCUMENTS = [
    page
    for page in PAGES
    if page.name != "extend.md" and BLOCK.search(page.read_text(encoding="utf-8"))
]
LINKED = [*PAGES, *ROOT.glob("C*.md"), *sorted((ROOT / "launch").glob("*.md"))]
LINK = re.compile(r"\]\(([^)#:]*)(?:#([^)]*))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)

# A block that holds the text on the left is not run.
NOT_RUN = {
    "./launch/test": "runs this very test",
    "pip install": "installs from a network",
    "hf://": "needs a network, and an account",
    "tests/data/experts.py": "a policy has no width; tests/trained/test_policy.py runs the same",
}

CONFIG = {
    "train.steps": 4,
    "train.batch": 16,
    "train.log_every": 2,
    "train.sample_every": 4,
    "train.checkpoint_every": 4,
    "model.width": 4,
    "sample.standing_batches": 2,
    "sample.standing_batch": 16,
    "watch.every": 0,
    "data.split": "train[:75]",
}
FIELDS = [f"--config.{field}={value}" for field, value in CONFIG.items()]
SMALLER = {
    "train": FIELDS,
    "doctor": FIELDS,
    "evaluate": ["--config.evaluate.samples=40"],
    "sample": ["--count=40"],
    "invert": ["--steps=3"],
    "edit": ["--steps=3", "--starts=2"],
    "explore": ["--port=0"],  # any free one
}

JAXGAN = f"""#!{sys.executable}
import signal, subprocess, sys, urllib.request
command = [sys.executable, "-m", "jaxgan", *sys.argv[1:], *{SMALLER!r}.get(sys.argv[1], [])]
if sys.argv[1] != "explore":
    sys.exit(subprocess.run(command).returncode)
with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # looked at, stopped
    url = next(word for line in server.stdout for word in line.split() if word[:4] == "http")
    with urllib.request.urlopen(url) as page:
        assert b"<title>jaxgan" in page.read()
    server.terminate()  # not SIGINT: children of a shell's background job ignore it
sys.exit(server.returncode != 128 + signal.SIGTERM)
"""
QUICKSTART = """set -e
jaxgan train --config=configs/quickstart.py --workdir=runs/quickstart
jaxgan evaluate --workdir=runs/quickstart
"""


def blocks(document: Path) -> list[tuple[str, str]]:
    """Return (language, text) of the blocks of a document that are run."""
    found = BLOCK.findall(document.read_text(encoding="utf-8"))
    return [(kind, text) for kind, text in found if not any(words in text for words in NOT_RUN)]


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """Return a directory like a clone after the quick start."""
    folder = tmp_path_factory.mktemp("clone")
    shutil.copytree(ROOT / "configs", folder / "configs")
    for i, (image, label) in enumerate(open_records("fashion_mnist").read(range(80))):
        path = folder / "photos" / f"class_{label % 2}" / f"{i}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(BytesIO(image)) as picture:
            picture.convert("RGB").resize((80, 70)).save(path)
    for name, text in (
        ("bin/jaxgan", JAXGAN),
        ("launch/quickstart", "#!/usr/bin/env bash\n" + QUICKSTART),
        (".venv/bin/activate", ""),
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    execute(folder, "bash", QUICKSTART)
    return folder


def execute(folder: Path, kind: str, text: str) -> None:
    command = ["bash", "-euo", "pipefail", "-c"] if kind == "bash" else [sys.executable, "-c"]
    environment = {
        **os.environ,
        "PATH": os.pathsep.join(
            [str(folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
        ),
        "PYTHONPATH": str(ROOT),
        "JAX_PLATFORMS": "cpu",
    }
    done = subprocess.run(
        [*command, text], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{text}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


@pytest.mark.slow
@pytest.mark.parametrize("document", list(filter(blocks, DOCUMENTS)), ids=lambda path: path.name)
def test_every_command_runs(document, clone, tmp_path):
    folder = shutil.copytree(clone, tmp_path / "clone")
    for kind, text in blocks(document):
        execute(folder, kind, text)


def test_what_is_not_run_is_there():
    texts = [text for d in DOCUMENTS for _, text in BLOCK.findall(d.read_text(encoding="utf-8"))]
    for words in NOT_RUN:
        assert any(words in text for text in texts), f"{words!r}: no block has it; delete it here"


def test_fields_of_the_page_for_newcomers_exist():
    """docs/coming_from.md names fields, models and commands on the right of its tables."""
    known = {path for path, _ in fields(default_config())}
    sections = {path.partition(".")[0] for path in known if "." in path}
    text = (ROOT / "docs" / "coming_from.md").read_text(encoding="utf-8")
    rows = [row.split(" | ") for row in text.splitlines() if row.startswith("| `")]
    named = re.findall(r"\b([a-z_]+)\.([a-z_0-9]+)", " ".join(row[1] for row in rows))
    found = {f"{section}.{name}" for section, name in named if section in sections}
    assert len(found) > 40 and not found - known
    commands = set(re.findall(r"jaxgan ([a-z]+)", " ".join(row[1] for row in rows)))
    assert {"evaluate", "sample"} <= commands <= set(COMMANDS)
    for name in re.findall(r"`model\.name=(\w+)", text):
        assert (ROOT / "jaxgan" / "models" / f"{name}.py").is_file()


def test_the_table_of_tested_versions_is_what_is_pinned_and_allowed():
    """docs/install.md, both locks in launch/ and pyproject.toml agree."""
    locks = [
        dict(re.findall(r"^([\w-]+)==([\d.]+)", (ROOT / "launch" / name).read_text(), re.M))
        for name in ("requirements.txt", "requirements-3.13.txt")
    ]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    bounds = {}
    for dependency in project["dependencies"]:
        name, least, above = re.fullmatch(r"([\w-]+)>=([\d.]+),<([\d.]+)", dependency).groups()
        bounds[name.lower().replace("_", "-")] = least, above
    numbers = lambda text: [int(part) for part in text.split(".")]
    table = (ROOT / "docs" / "install.md").read_text(encoding="utf-8").partition("## Tested")[2]
    row = r"^\| ([\w-]+)(?:, jaxlib)? \| ([\d.]+) \| ([\d.]+) \| below ([\d.]+) \|$"
    rows = [(name.lower().replace("_", "-"), *rest) for name, *rest in re.findall(row, table, re.M)]
    assert {name for name, *_ in rows} == bounds.keys()
    for name, *tested, below in rows:
        least, above = bounds[name]
        assert [lock[name] for lock in locks] == tested and above == below, name
        for version in tested:
            assert numbers(least) <= numbers(version) < numbers(above), name


@pytest.mark.slow
def test_the_documentation_builds_without_a_warning(tmp_path):
    pytest.importorskip("sphinx")
    pytest.importorskip("myst_parser")
    pytest.importorskip("furo")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "JAXGAN_PYTHON": sys.executable}
    done = subprocess.run(
        [ROOT / "launch" / "docs", tmp_path], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    reference = (tmp_path / "docs" / "api.html").read_text(encoding="utf-8")
    for name in jaxgan.__all__:
        assert re.search(rf'id="jaxgan\.([a-z_.]+\.)?{name}"', reference), name
    pages = {page.relative_to(ROOT).with_suffix(".html") for page in PAGES}
    assert all((tmp_path / page).is_file() for page in pages)


def test_the_citation_is_of_this_version():
    assert f"\nversion: {jaxgan.__version__}\n" in (ROOT / "CITATION.cff").read_text("utf-8")


def anchors(page: Path) -> set[str]:
    """Return the names by which a page's headings can be linked to, as GitHub makes them."""
    headings = HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", LINKED, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere_and_pictures_are_small(document):
    for link, anchor in LINK.findall(document.read_text(encoding="utf-8")):
        target = document.parent / link if link else document
        assert target.exists(), f"{document.name} links to {link}"
        assert not anchor or anchor in anchors(target), f"{document.name}: no heading #{anchor}"
        if target.suffix in (".png", ".gif", ".jpg"):
            assert target.stat().st_size < 300_000, f"{link} is too large"
