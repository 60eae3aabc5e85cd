"""What the second stage of StackGAN adds to the images of the first, for held-out captions:

    python -m tests.demos.stages RUN_1 RUN_2 [OUT.png]

prints a row for the images of stage 1, enlarged by bicubic interpolation, and a row for stage 2:

    fd               Frechet distance of EfficientNet-Lite0's features (the extra `evaluate`) to
                     those of all pictures of the data set, of SEEDS images per caption
    mae              mean absolute error to the true picture, of images in [-1, 1]
    gradient energy  relative to the true pictures (evaluate/metrics/paired.py)
    r1, r5           does it obey the text, by pixels (evaluate/metrics/retrieval.py)

The picture shows both and the true pictures for some of the captions.
"""

import sys
from pathlib import Path

import numpy as np

import jaxgan
from jaxgan.data.reader import Reader
from jaxgan.data.records import open_records
from jaxgan.evaluate.extractors.by_name import extractor_by_name
from jaxgan.evaluate.features import extract
from jaxgan.evaluate.metrics.frechet import frechet_of_samples
from jaxgan.evaluate.metrics.paired import enlarged, gradient_energy, mae
from jaxgan.evaluate.metrics.retrieval import KS, ranks
from jaxgan.media.pictures import save_picture
from jaxgan.media.pixels import to_float, to_stored
from jaxgan.trained.translator import Translator
from jaxgan.training.translation_sheets import side_by_side

SEEDS, COLUMNS, AT_ONCE = 4, 12, 100


def stage(run: str) -> Translator:
    found = jaxgan.load(run)
    assert isinstance(found, Translator)
    return found


def main(first: str, second: str, out: str = "") -> None:
    stages = {"stage 1, enlarged": stage(first), "stage 2": stage(second)}
    model = stages["stage 2"]
    data = model.config.data
    shown, everything = (
        Reader(records, model.medium).read(np.arange(len(records)))
        for records in (open_records(data.name, split) for split in (data.held_out, "train"))
    )
    texts, true = shown.condition, shown.sample
    size = true.shape[1:3]
    extractor = extractor_by_name("lite0")
    look = lambda images: (
        extract(
            [images[i : i + AT_ONCE] for i in range(0, len(images), AT_ONCE)], extractor
        ).features
    )
    real, pixels = look(everything.sample), np.asarray(to_float(true))
    rows = {}
    print("| | fd | mae | gradient energy | r1 | r5 |\n| --- | --- | --- | --- | --- | --- |")
    for name, model in stages.items():
        made = np.concatenate([model.translate(texts, seed) for seed in range(SEEDS)])
        floats = enlarged(np.asarray(to_float(made)), size)
        one, made = floats[: len(true)], np.asarray(to_stored(floats))
        order = ranks(one.reshape(len(one), -1), pixels.reshape(len(one), -1))
        numbers = [frechet_of_samples(look(made), real), mae(one, pixels)]
        numbers += [gradient_energy(one, pixels), *((order < k).mean() for k in KS)]
        print(
            f"| {name} | {numbers[0]:.0f} | " + " | ".join(f"{n:.3f}" for n in numbers[1:]) + " |"
        )
        rows[name] = made
    if out:
        chosen = np.linspace(0, len(true) - 1, COLUMNS).astype(int)
        pictures = [*(made[chosen] for made in rows.values()), true[chosen]]
        save_picture(Path(out), side_by_side(*pictures, captions=(*rows, "true")))


if __name__ == "__main__":
    main(*sys.argv[1:])
