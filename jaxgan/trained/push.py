"""`jaxgan push`: publish a generator on the Hugging Face Hub (hub.py).

A repository holds what a folder of trained/shipped/ does: generator.safetensors (`jaxgan export`),
config.json, and the card as README.md, beside samples.png. What is published contains no paths of
the machine that trained it.
"""

import json
import tempfile
from pathlib import Path

from ml_collections import ConfigDict

from jaxgan.config_json import to_json
from jaxgan.files.atomic import write_text
from jaxgan.media.pictures import save_picture
from jaxgan.trained.export import default_truncations, write_generator
from jaxgan.trained.generator import TrainedGenerator
from jaxgan.trained.hub import answered, repository
from jaxgan.trained.load import load
from jaxgan.trained.places import CONFIG, WEIGHTS
from jaxgan.trained.policy import Policy
from jaxgan.trained.sample import sheets
from jaxgan.trained.simulator import Simulator
from jaxgan.trained.translator import Translator

CARD, SHEET = "README.md", "samples.png"
PATHS = {  # fields that may hold paths of this machine
    "data": ("name",),
    "train": ("start_from", "wandb", "trackio", "mlflow"),
    "evaluate": ("reference", "weights_file"),
}


def push(
    model: Path, reference: str, licence: str, dtype: str, private: bool, scores: str = ""
) -> str:
    """Publish a generator; return a line with its address.

    licence: of the weights, as the Hub spells it: apache-2.0, mit, cc-by-4.0, other, ...
    scores: a table for the card.

    Raises ValueError, before anything is loaded, for what cannot be written.
    """
    wanted = repository(reference)
    if wanted.revision:
        raise ValueError(f"{reference}: a push goes to the main revision; leave @REVISION out")
    if not licence:
        raise ValueError("--licence is missing: write the weights' licence, such as apache-2.0")
    with answered(reference) as hub:
        hub.HfApi().whoami()  # before any work
        with tempfile.TemporaryDirectory() as folder:
            write_folder(Path(folder), model, wanted.name, licence, dtype, scores)
            hub.create_repo(wanted.name, private=private, exist_ok=True)
            try:
                sent = hub.upload_folder(
                    repo_id=wanted.name, folder_path=folder, commit_message="Generator by jaxgan"
                )
            except ValueError as error:  # about the card, of which only the licence is the user's
                said = " ".join(str(error).split())
                raise ValueError(f"--licence={licence}: the Hub answers: {said}") from error
    return f"{wanted.name}: {sent.commit_url}"


def write_folder(
    folder: Path, model: Path, name: str, licence: str, dtype: str, scores: str
) -> None:
    """Write a repository's files."""
    found = load(model)
    if isinstance(found, Policy | Simulator):
        acts = isinstance(found, Policy)
        does = "acts in an environment" if acts else "makes samples from numbers"
        raise ValueError(f"{model} {does}, but push publishes generators of images")
    if isinstance(found, Translator):
        raise ValueError(
            f"{model} makes images from images, but push draws a sheet of classes: write a "
            "file with `jaxgan export` and upload that"
        )
    known = found.tabulated(found.truncations or default_truncations(found))
    statistics = {t: known.variables(t).get("batch_stats", {}) for t in known.truncations or ()}
    config = without_paths(found.config)
    public = TrainedGenerator(config, found.weights, statistics, found.step)
    write_generator(folder / WEIGHTS, public, dtype)
    write_text(folder / CONFIG, to_json(config))
    rows = sheets.class_rows(public, sheets.default_classes(public), 10, 0, public.truncation())
    save_picture(folder / SHEET, sheets.sheet(public, rows))
    write_text(folder / CARD, card(name, public, licence, scores))


def without_paths(config: ConfigDict) -> ConfigDict:
    """Return a copy of a config in which paths of this machine are reduced to names, or emptied."""
    config = ConfigDict(config.to_dict())
    for section, names in PATHS.items():
        for name in names:
            is_data = (section, name) == ("data", "name")
            config[section][name] = Path(config[section][name]).name if is_data else ""
    return config.lock()


def card(name: str, generator: TrainedGenerator, licence: str, scores: str) -> str:
    """Return a model card: YAML for the Hub, then text."""
    config, size = generator.config, "x".join(map(str, generator.image_shape))
    classes = ", ".join(generator.class_names) or "none"
    scored = f"```text\n{scores}\n```" if scores else "Not scored."
    return f"""---
license: {json.dumps(licence)}
library_name: jaxgan
pipeline_tag: unconditional-image-generation
tags:
- gan
- jax
- {json.dumps(config.model.name)}
---

# {name.partition("/")[2]}

A {config.model.name} generator of {size} images, trained with jaxgan.

![Samples]({SHEET})

```python
import jaxgan

generator = jaxgan.load("hf://{name}")
images = generator.sample(count=8, seed=0)  # [8, {", ".join(map(str, generator.image_shape))}]
```

Classes: {classes}.

## Recipe

Data set `{config.data.name}`, split `{config.data.split}`; {generator.step:,} steps of
{config.train.batch} images, seed {config.seed}. All settings are in `{CONFIG}`.

## Scores

{scored}

## Limits

Ask the publisher about the data; nothing was checked beyond what is written above.
"""
