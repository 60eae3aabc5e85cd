"""jaxgan translate: translate a folder of images, resynthesise sounds, or draw captions."""

from functools import partial
from pathlib import Path
from types import SimpleNamespace

from ml_collections import ConfigDict

from jaxgan.commands.command import FORCE, Command, UsageError
from jaxgan.config.field import Field, at_least
from jaxgan.trained.places import place


def operands(values: SimpleNamespace) -> tuple[Path, Path]:
    """Return the run or exported file, and the folder, of a command line."""
    if len(values.operands) != 2:
        raise UsageError(f"RUN FOLDER are two words: write them, as in {COMMAND.example}")
    run, folder = values.operands
    return place(run), Path(folder)


def run(values: SimpleNamespace) -> int:
    from jaxgan.trained.draw import draw_captions
    from jaxgan.trained.film import translate_film
    from jaxgan.trained.load import load_translator
    from jaxgan.trained.predict import predict_films
    from jaxgan.trained.translate import translate_folder
    from jaxgan.trained.vocode import vocode_folder

    model, folder = operands(values)
    translator, columns = load_translator(model, values.config), values.columns
    translator = translator.back() if values.back else translator
    if values.tile and len(translator.source_shape) != 3:
        raise ValueError(f"--tile={values.tile}: only images have tiles; leave it out")
    wanted = columns or translator.config.sample.columns, values.force
    in_tiles = partial(translate_folder, tile=values.tile, overlap=values.overlap)
    make = draw_captions if translator.takes_text else in_tiles
    make = translate_film if translator.takes_film else make
    make = predict_films if translator.predicts else make
    make = vocode_folder if translator.makes_sounds else make
    print(make(translator, folder, Path(values.out), values.seed, *wanted))
    return 0


def saved(values: SimpleNamespace) -> ConfigDict:
    from jaxgan.trained.load import model_config

    return model_config(operands(values)[0])


COMMAND = Command(
    "translate",
    "Translate the images in a folder, with a run that was trained on pairs or with its exported\n"
    "file: one file each, and a sheet that shows the first of them side by side. A run trained on\n"
    "  sounds    takes a folder of sounds and makes WAV files from their mel spectrograms alone\n"
    "  captions  takes an .npz of captions and their vectors in place of FOLDER\n"
    "  poses     takes the poses of one film, frame by frame\n"
    "  clips     takes a folder of films and continues each from its first frames",
    "jaxgan translate runs/pix2pix drawings --out=made",
    run,
    "RUN FOLDER",
    {
        "out": Field("translated", "folder of the results; the sheet is beside it, as OUT.png"),
        "seed": Field(0, "seed of the network's noise", at_least(0)),
        "back": Field(
            False, "translate from the second domain to the first, with a model that goes both ways"
        ),
        "tile": Field(
            0,
            "side in pixels of the tiles that large images are cut into; 0: no tiles",
            at_least(0),
        ),
        "overlap": Field(
            32, "with --tile: pixels that neighbouring tiles share and blend", at_least(0)
        ),
        "columns": Field(0, "columns of the sheet; 0: the config's sample.columns", at_least(0)),
        "force": FORCE,
    },
    has_config=True,
    sections=("sample",),
    saved=saved,
)
