"""jaxgan translate: a folder of images, made into others; or captions, drawn."""

from pathlib import Path
from types import SimpleNamespace

from ml_collections import ConfigDict

from jaxgan.commands.command import FORCE, Command, UsageError
from jaxgan.config.field import Field, at_least
from jaxgan.trained.places import place


def operands(values: SimpleNamespace) -> tuple[Path, Path]:
    """Return the run, or the exported file, and the folder of a command line."""
    if len(values.operands) != 2:
        raise UsageError(f"RUN FOLDER are two words: write them, as in {COMMAND.example}")
    run, folder = values.operands
    return place(run), Path(folder)


def run(values: SimpleNamespace) -> int:
    from jaxgan.trained.draw import draw_captions
    from jaxgan.trained.film import translate_film
    from jaxgan.trained.load import load_translator
    from jaxgan.trained.translate import translate_folder

    model, folder = operands(values)
    translator, columns = load_translator(model, values.config), values.columns
    translator = translator.back() if values.back else translator
    wanted = values.seed, columns or translator.config.sample.columns, values.force
    out, tile = Path(values.out), values.tile
    if translator.takes_text or translator.takes_film:
        if tile:
            raise ValueError(f"--tile={tile}: of images; leave it out")
        make = draw_captions if translator.takes_text else translate_film
        print(make(translator, folder, out, *wanted))
    else:
        print(translate_folder(translator, folder, out, *wanted, tile, values.overlap))
    return 0


def saved(values: SimpleNamespace) -> ConfigDict:
    from jaxgan.trained.load import model_config

    return model_config(operands(values)[0])


COMMAND = Command(
    "translate",
    "Make images of the images in a folder, with a run that was trained on pairs or with its\n"
    "exported file: one file each, and a sheet that shows the first of them side by side.\n"
    "In place of FOLDER an .npz of captions and their vectors, for a run trained on captions.\n"
    "Of a run that was trained on films, FOLDER holds the poses of one film, frame by frame.",
    "jaxgan translate runs/pix2pix drawings --out=made",
    run,
    "RUN FOLDER",
    {
        "out": Field("translated", "folder of the results; the sheet is beside it, as OUT.png"),
        "seed": Field(0, "of the network's noise", at_least(0)),
        "back": Field(False, "from the second domain to the first, of a model that has both ways"),
        "tile": Field(0, "pixels of a side of the tiles of large images; 0: whole", at_least(0)),
        "overlap": Field(32, "of --tile: pixels that neighbours share, blended", at_least(0)),
        "columns": Field(0, "of the sheet; 0: the config's sample.columns", at_least(0)),
        "force": FORCE,
    },
    has_config=True,
    sections=("sample",),
    saved=saved,
)
