"""A folder of files in, a folder of results out: what `jaxgan translate` reads, refuses and
reports, whatever the files hold.

FOLDER/NAME.*, in sub-folders or not, becomes OUT/NAME with the suffix of the results. Sheets of the
first results are written beside OUT. Everything is checked before anything is written.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from jaxgan.data.prepare.folders import open_folder
from jaxgan.data.prepare.listing import IMAGES, Wanted
from jaxgan.files import limits
from jaxgan.files.atomic import check_output
from jaxgan.files.errors import one_line

Header = TypeVar("Header")


def files_of(folder: Path, out: Path, what: str = "images", wanted: Wanted = IMAGES) -> list[Path]:
    """Return the wanted files of a folder, in order.

    what: what they are, in the plural, for messages.

    Raises:
      FileNotFoundError: no such folder.
      ValueError: results would be written among the files that are read.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder; write one with {what}")
    if out.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"--out={out} is in {folder}, whose {what} are read: write another folder")
    return [path for path in open_folder(folder, None, wanted).read(0) if isinstance(path, Path)]


def readable(
    folder: Path, paths: list[Path], inspect: Callable[[Path], Header], what: str = "images"
) -> tuple[dict[Path, Header], list[str]]:
    """Return what `inspect` finds in the files of a folder, and why others are left out.

    inspect: reads a file's header; raises ValueError or OSError for one that cannot be read.

    Raises ValueError if no file can be read.
    """
    found, left_out = {}, []
    for path in paths:
        try:
            found[path] = inspect(path)
        except (ValueError, OSError) as error:
            limits.pass_on(error)
            left_out.append(f"{path.name!r} ({one_line(error)})")
    if not found:
        raise ValueError(f"{folder}: none of {len(left_out)} {what} can be read; {left_out[0]}")
    return found, left_out


def results_of(paths: Iterable[Path], folder: Path, out: Path, suffix: str) -> dict[Path, Path]:
    """Return the path of each file's result. ValueError for two files with the same result."""
    results, sources = {}, {}
    for path in paths:
        result = (out / path.relative_to(folder)).with_suffix(suffix)
        other = sources.setdefault(result, path)
        if other != path:
            raise ValueError(f"{other} and {path} would both become {result}: rename one")
        results[path] = result
    return results


def check_outputs(results: Iterable[Path], sheets: Iterable[Path], force: bool) -> int:
    """Check results and sheets as check_output does; return how many of them replace files."""
    return sum(bool(check_output(path, "--out", force=force)) for path in (*sheets, *results))


def reported(text: str, replaced: int, left_out: Sequence[str] = ()) -> str:
    """Return a line on the results, with the number of replaced files and the files left out."""
    if replaced:
        text += f" ({replaced} replace files that were there)"
    if left_out:
        text += f"; {len(left_out)} files left out, such as {left_out[0]}"
    return text
