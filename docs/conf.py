"""Sphinx, for the pages of this folder, the README and the reference: see launch/docs.

The source directory is the repository's root, so that pages may link to each other and to files as
they do on GitHub.
"""

from typing import Any

import jaxgan

project, author = "jaxgan", "The jaxgan authors"
version = release = jaxgan.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "docs/index"
include_patterns = [
    "README.md",
    "C*.md",
    "docs/*.md",
    "launch/*.md",
    "jaxgan/trained/shipped/*/card.md",
]
html_theme = "furo"
myst_heading_anchors = 4  # links to headings, as GitHub names them
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"


def as_written(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Show a module's docstring, with its formulas and tables, as it is in the source."""
    if what == "module":
        lines[1:] = ["", "::", "", *(f"    {line}" for line in lines[1:]), ""]


def setup(app: Any) -> None:
    app.connect("autodoc-process-docstring", as_written)
