"""CoGAN on digits and negatives of other digits, for docs/domains.md:

    python -m tests.demos.couples runs/couples [OUT.png]

makes both folders from a package of npm, prepares and trains (`--config=cogan`; a run that is done
is not trained again), and prints how far the second image of a couple is from the negative of the
first, in [-1, 1]; beside it the same of second images of other couples. The records were joined by
lot, so no pair was ever shown.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

import jaxgan
from jaxgan.media.couples import halves
from jaxgan.media.pictures import captioned, save_picture
from tests.data.real.digits import digits

COUNT, COLUMNS = 1000, 12


def folders(folder: Path) -> tuple[Path, Path]:
    """Write the digits of even places, and negatives of the others."""
    images, labels = digits(folder / "packages")
    found = folder / "digits", folder / "negatives"
    for place, (image, label) in enumerate(zip(images, labels, strict=True)):
        path = found[place % 2] / str(label) / f"{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(255 - image if place % 2 else image).save(path)
    return found


def distances(couples: np.ndarray) -> tuple[float, float]:
    """Return the mean distance of second images from the negatives of the first: of their own
    couple, and of the next; couples [n, h, 2 w, c] in [-1, 1]."""
    first, second = halves(couples)
    error = lambda other: float(np.abs(first + other).mean())
    return error(second), error(np.roll(second, 1, 0))


def run(*argv: str) -> None:
    subprocess.run([sys.executable, "-m", "jaxgan", *argv], check=True)


def main(folder: Path, out: str = "") -> None:
    data, workdir = folder / "data", folder / "run"
    if not (data / "dataset_info.json").exists():
        first, second = folders(folder)
        flags = [f"--domains={second}", "--size=32", "--channels=1"]
        run("prepare", str(first), str(data), *flags)
    run("train", "--config=cogan", f"--config.data.name={data}", f"--workdir={workdir}")
    g = jaxgan.load(workdir)
    assert isinstance(g, jaxgan.TrainedGenerator)
    couples = g.generate(*g.draw(range(COUNT), seed=0))
    own, other = distances(couples)
    print(f"{COUNT} couples: {own:.3f} from the negative of their own, {other:.3f} of another")
    if out:
        shown = np.concatenate(halves(g.medium.to_stored(couples[:COLUMNS])))
        save_picture(Path(out), captioned(shown, COLUMNS, ("first", "second")))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
