"""`jaxgan prepare SOURCE TARGET [flags]`: the command line of `prepare.py`."""

import argparse
import difflib
import sys
from pathlib import Path
from typing import NoReturn

from jaxgan.data.prepare import transitions
from jaxgan.data.prepare.prepare import ORDERS, prepare
from jaxgan.files import limits
from jaxgan.files.objects import is_url
from jaxgan.files.text import read_text
from jaxgan.media.resize import CROPS, METHODS

DESCRIPTION = """\
Make a data set from images of any kind: TFDS-format ArrayRecord files that `jaxgan train` reads.
Records are shuffled, so that a slice such as train[95%:] is a fair sample. The same command on the
same target continues after an interruption.
"""
SOURCE = """\
a folder with one sub-folder per class; a zip or tar of one; an .npz, .h5 or idx file; a directory
that TFDS made, or tfds:NAME for one in TFDS_DATA_DIR"""
EXAMPLES = """\
examples:
  jaxgan prepare photos data/photos --size=128
  jaxgan prepare scans.zip data/scans --size=96x128 --channels=1 --bits=16
  jaxgan prepare train.npz data/own --class-names=names.txt
  jaxgan prepare tfds:cifar10 data/cifar10 --split=test
  jaxgan prepare drawings data/pairs --pairs=photos
  jaxgan prepare words data/words --window=16384 --rate=16000
  jaxgan prepare meshes data/chairs --voxels=32
  jaxgan prepare films data/clips --frames=16 --size=64
  jaxgan prepare tunes data/tunes --notes=32
  jaxgan prepare expert.npz data/expert --environment=pendulum --every=10
  jaxgan prepare birds data/birds --captions=captions.npz
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


def command(argv: list[str]) -> int:
    """Run the command; return its exit code: 0 done, 1 out of space, 2 bad flags, 130 interrupted.

    Raises what `prepare` raises.
    """
    parser = _parser()
    try:
        flags, unknown = parser.parse_known_args(argv)
        if unknown:
            raise ValueError(_unknown(parser, unknown[0]))
        for word in filter(is_url, argv):
            raise ValueError(f"{word}: write a path of this machine, and copy the finished folder")
    except ValueError as error:
        print(f"jaxgan prepare: {error} (--help lists the flags)", file=sys.stderr)
        return 2
    try:
        manifest = prepared(parser, flags)
    except KeyboardInterrupt as stop:
        print("jaxgan prepare: stopped; the same command continues", file=sys.stderr)
        return getattr(stop, "exit_code", 130)
    except MemoryError:
        print(
            "jaxgan prepare: out of memory; write --workers=1 or a smaller --size", file=sys.stderr
        )
        return 1
    except Exception as error:
        if not limits.is_full(error):
            raise
        print(
            f"jaxgan prepare: {error}; free some and run the same command again: what is finished "
            "is kept",
            file=sys.stderr,
        )
        return 1
    print(summary(manifest, flags.target))
    return 0


def prepared(parser: argparse.ArgumentParser, flags: argparse.Namespace) -> dict:
    """Make a data set of images or, with --environment, of transitions; return the manifest."""
    given = dict(vars(flags))
    own = {name: given.pop(name) for name in ("environment", "every", "trajectories")}
    if own["environment"] is None:
        for name in ("every", "trajectories"):
            if own[name] != parser.get_default(name):
                raise ValueError(
                    f"--{name}={own[name]}: for trajectories only: write --environment too"
                )
        return prepare(**given)
    named = {name: given.pop(name) for name in ("source", "target", "seed")}
    for name, value in given.items():
        if value != parser.get_default(name):
            flag = name.replace("_", "-")
            raise ValueError(
                f"--{flag} is for images, --environment for transitions: leave one out"
            )
    return transitions.prepare_transitions(**named, **own)


def summary(manifest: dict, target: Path) -> str:
    """Return a few lines on what was made and what was left out."""
    if "environment" in manifest:
        return transitions.summary(manifest, target)
    shape, medium = manifest["format"]["shape"], manifest.get("medium", "images")
    counts, sources = manifest["classes"], manifest.get("source_channels")
    lines = [
        f"{target}: {manifest['num_images']:,} {medium} of {'x'.join(map(str, shape))} "
        f"{manifest['format']['dtype']} ({manifest['format']['encoding']}), "
        f"{len(counts)} classes of {min(counts.values()):,} to {max(counts.values()):,}, "
        f"{manifest['num_bytes'] / 1e6:.1f} MB"
    ]
    if medium != "images":
        at = f", {manifest['rate']:,} samples per second" if "rate" in manifest else ""
        size = f"({', '.join(map(str, shape[:-1]))},)" if len(shape) == 2 else tuple(shape[:-1])
        lines.append(f"Train with data.medium = {medium!r}, data.size = {size}{at}.")
    if "map_classes" in manifest:
        lines.append(
            f"A record joins a label map of {manifest['map_classes']} classes and a picture of "
            f"{shape[-1] - 1} channels. Train with data.medium = 'maps', such as --config=spade."
        )
    elif sources:
        medium, model = ("pairs", "pix2pix") if manifest["aligned"] else ("domains", "cyclegan")
        own = shape[-1] - sources
        lines.append(
            f"A record joins two images: {sources} channels of the source, {own} of "
            f"the picture. Train with data.medium = {medium!r}, such as --config={model}."
        )
        if len(counts) > 1:
            lines.append(
                "A record has the class of its source: with data.medium = 'adaptation', such as "
                "--config=dann, a classifier learns the classes of the pictures."
            )
    elif manifest.get("text_dim"):
        lines.append(
            f"Every image has captions with vectors of {manifest['text_dim']} numbers. Train with "
            "data.medium = 'captions', such as --config=gan_cls."
        )
    elif len(counts) == 1:
        lines.append(f"One class only ({next(iter(counts))!r}): train without classes.")
    empty = [name for name, count in counts.items() if count == 0]
    if empty:
        lines.append(f"{len(empty)} classes without {medium}, such as {empty[0]!r}.")
    for key, verb in (("rejected", "rejected"), ("ignored", "left out")):
        names = manifest[key]
        if names:
            what = "files"
            if key == "rejected" and "files" in manifest:  # cut from files: FILE[INDEX]
                what = f"{medium} of {len({name.rpartition('[')[0] for name in names}):,} files"
            lines.append(f"{len(names):,} {what} {verb} (all in manifest.json):")
            lines += [f"  {name!r}: {names[name]}" for name in list(names)[:5]]
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        "jaxgan prepare",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("source", metavar="SOURCE", help=SOURCE)
    parser.add_argument("target", metavar="TARGET", type=Path, help="the directory to make")
    add = parser.add_argument
    add(
        "--size",
        type=_size,
        metavar="N|HxW",
        help="height x width, such as 128 or 96x128 (default: the images' own)",
    )
    add(
        "--channels",
        type=int,
        metavar="N",
        help="1 gray, 3 colour, 2 or 4 with alpha, such as 1 (default: 3 if any has colour)",
    )
    add(
        "--bits",
        type=int,
        choices=(8, 16),
        help="per channel, such as 16 (default: 16 if all images have 16)",
    )
    add("--resize", choices=METHODS, default="area", help="such as lanczos (default: area)")
    add(
        "--crop",
        choices=CROPS,
        default="center",
        help="center crops the longer side, none squeezes it, such as none (default: center)",
    )
    add("--format", choices=("png", "jpeg"), default="png", help="such as jpeg (default: png)")
    add("--quality", type=int, default=95, help="of JPEG, 1 to 100, such as 90 (default: 95)")
    add(
        "--background",
        type=_color,
        default=(255, 255, 255),
        metavar="R,G,B",
        help="under transparent pixels, such as 0,0,0 (default: 255,255,255)",
    )
    add(
        "--labels",
        type=Path,
        metavar="FILE",
        help="CSV of name,label lines, such as labels.csv; or idx labels (default: the folders)",
    )
    add(
        "--pairs",
        metavar="FOLDER|left|right",
        help="pictures that belong to the images of SOURCE, for a model that translates: their "
        "folder, such as photos, by the same file names; or which half of each image is the "
        "source, where both lie side by side (default: images without partners)",
    )
    add(
        "--domains",
        metavar="FOLDER",
        help="images of another domain, without partners, such as photos: paired with those of "
        "SOURCE at random (default: one domain)",
    )
    add(
        "--captions",
        type=Path,
        metavar="FILE",
        help="captions of the images and their vectors by a text encoder, such as captions.npz: "
        "arrays captions [m], vectors [m, d] and files [m], the image's name within SOURCE "
        "(default: no captions)",
    )
    add(
        "--maps",
        metavar="FOLDER",
        help="label maps of the images of SOURCE, such as maps: gray PNGs by the same file names "
        "whose values are the classes, 255 for none (default: images without maps)",
    )
    add(
        "--map-classes",
        type=_positive,
        metavar="N",
        help="of the maps, such as 150 (default: the largest class that occurs, plus one)",
    )
    add(
        "--window",
        type=_positive,
        metavar="N",
        help="the files of SOURCE are sounds: cut them into windows of N samples, such as 16384 "
        "(default: images)",
    )
    add(
        "--hop",
        type=_positive,
        metavar="N",
        help="samples from window to window, such as 8192 (default: the window)",
    )
    add(
        "--rate",
        type=_positive,
        metavar="N",
        help="samples per second, such as 16000 (default: the files' own)",
    )
    add(
        "--normalise",
        choices=("none", "peak"),
        default="none",
        help="scale each sound to full scale, such as peak (default: none)",
    )
    add(
        "--voxels",
        type=_positive,
        metavar="N",
        help="the files of SOURCE are meshes (or an .npz of voxels): fill N x N x N, such as 32 "
        "(default: images)",
    )
    add(
        "--frames",
        type=_positive,
        metavar="N",
        help="the files of SOURCE are films: cut them into clips of N frames, such as 16 "
        "(default: images)",
    )
    add(
        "--stride",
        type=_positive,
        metavar="N",
        help="take every N-th frame of a film, such as 2 (default: 1)",
    )
    add(
        "--notes",
        type=_positive,
        metavar="N",
        help="the files of SOURCE are MIDI: cut them into tunes of N notes, such as 32 "
        "(default: images)",
    )
    add(
        "--showers",
        action="store_true",
        default=None,
        help="SOURCE is an .npz of showers in a calorimeter, such as CaloGAN's: layer_0, layer_1, "
        "layer_2, energy (default: images)",
    )
    add(
        "--environment",
        metavar="NAME",
        help="SOURCE is an .npz of an expert's trajectories in this environment, such as pendulum, "
        "for a policy that imitates (default: images)",
    )
    add(
        "--every",
        type=_positive,
        default=1,
        metavar="N",
        help="of trajectories: keep one step in N, such as 10 (default: 1)",
    )
    add(
        "--trajectories",
        type=_positive,
        metavar="N",
        help="keep the first ones, such as 1 (default: all)",
    )
    add(
        "--class-names",
        type=_lines,
        metavar="FILE",
        help="one name per line, the first for label 0, such as names.txt; if the source has "
        "names, the same ones in another order (default: the source's)",
    )
    add("--split", default="train", help="of a TFDS source, such as test (default: train)")
    add(
        "--order",
        choices=ORDERS,
        default="shuffled",
        help="of the records, such as source (default: shuffled)",
    )
    add("--seed", type=int, default=0, help="of the shuffle, such as 1 (default: 0)")
    add(
        "--shards",
        type=_positive,
        metavar="N",
        help="number of files, such as 8 (default: files of 64 MiB of decoded images)",
    )
    add("--workers", type=_positive, metavar="N", help="threads, such as 4 (default: one per core)")
    return parser


def _unknown(parser: argparse.ArgumentParser, word: str) -> str:
    flag = word.split("=")[0]
    known = [option for action in parser._actions for option in action.option_strings]
    close = difflib.get_close_matches(flag, known, 1)
    return f"unknown argument {word}" + (f"; did you mean {close[0]}?" if close else "")


def _size(text: str) -> tuple[int, int]:
    sides = text.lower().split("x")
    if len(sides) > 2 or not all(side.isdecimal() and int(side) > 0 for side in sides):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size; write 128 or 96x128")
    return int(sides[0]), int(sides[-1])


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}; write a number of 1 or more")
    return int(text)


def _color(text: str) -> tuple[int, ...]:
    parts = text.split(",")
    if len(parts) != 3 or not all(part.isdecimal() and int(part) < 256 for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r}; write three numbers such as 255,255,255")
    return tuple(int(part) for part in parts)


def _lines(text: str) -> list[str]:
    try:
        return [line.strip() for line in read_text(Path(text)).splitlines() if line.strip()]
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text}: cannot be read ({error})") from error
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
