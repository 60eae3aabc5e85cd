"""Where a model is stored: what a command or `jaxgan.load` is given, as a path.

runs/first          a run's directory
g.safetensors       a file of `jaxgan export`, `average` or `import`
fashion             a generator that comes with jaxgan; `jaxgan models` lists them
hf://OWNER/NAME     a generator on the Hugging Face Hub (hub.py)
s3://BUCKET/...     a run or a file in an object store, also gs:// (files/desk.py)

Paths under the current directory come first: a folder `fashion` hides the generator of this name.

A generator that comes with jaxgan is a folder of the package, trained/shipped/NAME/:

generator.safetensors   what `jaxgan export` wrote
config.json             the config inside it, for people to read
card.md                 data, licence, recipe, scores, limits
"""

import difflib
from pathlib import Path

from jaxgan.files.desk import local
from jaxgan.files.objects import is_url

SHIPPED = Path(__file__).parent / "shipped"
WEIGHTS, CONFIG, CARD = "generator.safetensors", "config.json", "card.md"


def shipped() -> dict[str, Path]:
    """Return {name: folder} of the generators that come with jaxgan."""
    return {path.parent.name: path.parent for path in sorted(SHIPPED.glob(f"*/{WEIGHTS}"))}


def place(reference: str | Path) -> Path:
    """Return the absolute path of a model, which need not exist.

    A model on the Hub is downloaded unless it is in the cache. Raises ValueError if it cannot be.
    """
    if str(reference).startswith("hf://"):
        from jaxgan.trained.hub import downloaded  # NumPy, which shell completion does without

        return downloaded(str(reference), WEIGHTS)
    if is_url(reference):
        return _from_a_store(str(reference))
    path, known = Path(reference), shipped()
    if str(reference) in known and not path.exists():
        return known[str(reference)] / WEIGHTS
    return path.absolute()


def _from_a_store(url: str) -> Path:
    path = local(url)
    if path.is_dir() and not (path / "config.json").exists():
        raise FileNotFoundError(
            f"{url} holds no run: write the --workdir of a training run, or an exported file"
        )
    return path


def refuse_other(path: Path) -> None:
    """Raise FileNotFoundError, with a hint, for a path that is neither a run nor a file."""
    known = shipped()
    if path.is_dir() and path.name in known and not (path / "config.json").exists():
        raise FileNotFoundError(
            f"{path} is not a run, but it hides the generator {path.name!r} that comes with "
            "jaxgan: run the command in another directory, or rename the folder"
        )
    if path.exists():
        return
    near = difflib.get_close_matches(path.name, known, 1)
    hint = f"did you mean {near[0]!r}, which comes with jaxgan? " if near else ""
    raise FileNotFoundError(
        f"{path} does not exist: {hint}write the directory of a training run, an exported file, or "
        f"a name that `jaxgan models` lists ({', '.join(known)})"
    )


def summary(folder: Path) -> str:
    """Return the first line of text on a generator's card, after its heading."""
    lines = (folder / CARD).read_text("utf-8").splitlines()
    return next(line for line in lines[lines.index("") :] if line)
