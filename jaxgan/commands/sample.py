"""jaxgan sample: images from a generator."""

from types import SimpleNamespace

from jaxgan.commands.command import Command
from jaxgan.commands.saved import saved_config
from jaxgan.config.field import Field, at_least

KINDS = "classes, truncations, latents, between, arithmetic, walk, images or strokes"
FLAGS = {
    "kind": Field("classes", f"what is drawn: {KINDS}"),
    "output": Field("", "file, or the folder of --kind=images; by default named after the kind"),
    "seed": Field(0, "seed of the latents", at_least(0)),
    "seeds": Field("", "seeds for latents, walk, between: 3,14,15; for arithmetic: 3-14+15"),
    "classes": Field("", "names or numbers, separated by commas (or ; where a name has commas)"),
    "truncation": Field(
        "", "truncation of the latents, such as 0.5; by default the config's; 0: none"
    ),
    "truncations": Field("", "for --kind=truncations: 0.2,0.5,1"),
    "path": Field("spherical", "interpolation between latents: spherical or linear"),
    "columns": Field(0, "columns of a sheet; 0: the config's sample.columns", at_least(0)),
    "steps": Field(20, "frames of a walk from one latent to the next", at_least(1)),
    "count": Field(1000, "for --kind=images: number of files"),
    "shard": Field("0/1", "for --kind=images: write part K/N of them; the same command continues"),
}


def run(values: SimpleNamespace) -> int:
    from jaxgan.trained.sample.command import Options, sample

    options = Options(**{name: getattr(values, name) for name in FLAGS})
    return sample(values.model, values.config, options)


COMMAND = Command(
    "sample",
    "Draw from a run's directory or an exported file. Kinds: classes (a row for each),\n"
    "truncations, latents and between (interpolations), arithmetic, walk (a .gif or .mp4),\n"
    "images (one file each), strokes (of a generator that paints: a .gif, and a .json beside it).",
    "jaxgan sample runs/quickstart --output=sheet.png --truncation=0.5",
    run,
    "MODEL",
    FLAGS,
    has_config=True,
    sections=("sample",),
    saved=saved_config,
    joins=True,
)
