"""The rooms of jaxgan: which folder imports which. No circle, and no arrow back up."""

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent / "jaxgan"
# A reader meets the rooms in this order; each imports only from those before it.
ORDER = (
    "files",
    "environments",
    "media",
    "data",
    "game",
    "models",
    "config",
    "config_json",
    "devices",
    "optimizers",
    "fits",
    "build",
    "report",
    "training",
    "planning",
    "trained",
    "evaluate",
    "commands",
    "main",
    "__main__",
)


def room(module: str) -> str:
    """Return the room of a module name such as jaxgan.game.steps."""
    return module.split(".")[1] if "." in module else ""


def imported(path: Path) -> set[str]:
    """Return the modules of jaxgan that a file imports, at its top or inside of functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".")[0] == "jaxgan"}


def arrows() -> set[tuple[str, str, str]]:
    """Return (room, room it imports from, the file that does)."""
    found = set()
    for path in sorted(ROOT.rglob("*.py")):
        inside = path.relative_to(ROOT)
        own = inside.parts[0].removesuffix(".py")
        if own == "__init__":
            continue
        found |= {(own, room(name), str(inside)) for name in imported(path) if room(name) != own}
    return {arrow for arrow in found if arrow[1]}


def test_every_file_is_in_a_room():
    rooms = {p.name.removesuffix(".py") for p in ROOT.iterdir() if p.suffix == ".py" or p.is_dir()}
    assert rooms - {"__init__", "__pycache__", "py.typed"} == set(ORDER)


def test_no_arrow_points_back_up():
    wrong = [a for a in arrows() if a[1] in ORDER and ORDER.index(a[1]) >= ORDER.index(a[0])]
    assert not wrong, sorted(wrong)
