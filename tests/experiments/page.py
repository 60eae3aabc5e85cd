"""docs/family.md: each experiment writes its own section, between two marks."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "family.md"
HEAD = """# The BigGAN family, trained small

Made by the scripts in `tests/experiments`, one section each, on the 10,000 embedded photographs of
Fashion-MNIST. The scripts take minutes and are not part of the tests: their results are
measurements of single settings. Correctness is asserted in the tests.
"""
ORDER = ("BigBiGAN", "Categories without labels", "LOGAN")


def write_section(title: str, text: str) -> None:
    """Put a section in its place on the page, in place of the one that was there."""
    page = PAGE.read_text() if PAGE.is_file() else HEAD
    found = dict(re.findall(r"^## (.+?)\n\n(.*?)\n(?=^## |\Z)", page, re.S | re.M))
    found[title] = text.strip() + "\n"
    sections = (f"## {name}\n\n{found[name].strip()}\n" for name in ORDER if name in found)
    DOCS.mkdir(exist_ok=True)
    PAGE.write_text("\n".join([HEAD, *sections]))


def table(head: tuple[str, ...], rows: list[tuple]) -> str:
    """Return a table of Markdown."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"
