"""Emoji, from npm packages: in classes, and in pairs of a drawing, or its map, and its picture."""

import hashlib
import io
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from jaxgan.data.prepare.prepare import prepare
from tests.data.real.packages import package_files

NOTO, TWEMOJI = "emoji-datasource-google@16.0.0", "emoji-datasource-twitter@16.0.0"
FLUENT = "@lobehub/fluent-emoji-3d@1.1.0"
DRAWN = {
    "line": "@iconify-json/fluent-emoji-high-contrast@1.2.6",
    "flat": "@iconify-json/fluent-emoji-flat@1.2.6",
}
# Words that tell variants of one kind of emoji from each other.
VARIANTS = {"man", "woman", "person", "men", "women", "people", "boy", "girl", "light", "dark"}
VARIANTS |= {"medium", "skin", "tone"}


def emoji(target: Path, size: int, cache: Path, only: Sequence[str] = ()) -> dict:
    """Make the emoji data set; the class is "STYLE GROUP", the file name the code points.

    only: the groups to take; none: all but parts of emoji, which are no pictures.
    """
    folder = cache / "emoji"
    shutil.rmtree(folder, ignore_errors=True)
    groups: dict[str, str] = {}
    for style, package in (("noto", NOTO), ("twemoji", TWEMOJI)):
        files = dict(package_files(package, cache, ("/64/", "/emoji.json")))
        table = json.loads(files["package/emoji.json"])
        images = {name.split("/")[-1]: data for name, data in files.items() if "/64/" in name}
        known = sorted({entry["category"] for entry in table} - {"Component"})
        if unknown := set(only).difference(known):
            raise SystemExit(f"--groups: no group {min(unknown)!r}; write some of {known}")
        for entry in table:
            for variant in [entry, *entry.get("skin_variations", {}).values()]:
                code, group = variant["unified"].lower(), entry["category"]
                if group == "Component" or (only and group not in only):
                    continue
                groups[code.replace("-fe0f", "")] = group
                save(images[variant["image"]], folder / f"{style} {group}" / f"{code}.png")
    for name, data in package_files(FLUENT, cache, (".webp",)):
        code = Path(name).stem.replace("-fe0f", "")
        if code in groups:
            save(data, folder / f"fluent {groups[code]}" / f"{code}.png")
    return prepare(folder, target, size=size)


def emoji_pairs(target: Path, size: int, cache: Path, source: str = "line") -> dict:
    """Make pairs of a drawing and its shaded picture, both of the same emoji and place."""
    folder = emoji_files(cache, source)
    return prepare(
        folder / "source", target, size=size, pairs=str(folder / "shaded"), order="source"
    )


def emoji_maps(target: Path, size: int, cache: Path, colours: int = 16) -> dict:
    """Make shaded pictures with maps: the nearest of a few colours of the flat drawings."""
    folder = emoji_files(cache, "flat")
    files = sorted((folder / "source").glob("*.png"))
    some = [Image.open(file).convert("RGB").resize((32, 32)) for file in files[::8]]
    all_colours = Image.fromarray(np.concatenate([np.asarray(image) for image in some]))
    palette = all_colours.quantize(colours)
    shutil.rmtree(folder / "maps", ignore_errors=True)
    (folder / "maps").mkdir()
    for file in files:
        drawn = Image.open(file).convert("RGB")
        found = drawn.quantize(palette=palette, dither=Image.Dither.NONE)
        Image.fromarray(np.asarray(found)).save(folder / "maps" / file.name)
    return prepare(
        folder / "shaded",
        target,
        size=size,
        maps=str(folder / "maps"),
        map_classes=colours,
        order="source",
    )


def emoji_files(cache: Path, source: str) -> Path:
    """Write drawings and shaded pictures of emoji, on white; return the folder of both folders."""
    import resvg_py

    folder = cache / f"emoji_pairs_{source}"
    shutil.rmtree(folder, ignore_errors=True)
    tables = {}
    for style, package in DRAWN.items():
        files = dict(package_files(package, cache, ("/icons.json", "/chars.json")))
        tables[style] = {name.split("/")[-1]: json.loads(data) for name, data in files.items()}
    names, icons = tables["flat"]["chars.json"], tables[source]["icons.json"]["icons"]
    both = set.intersection(*(set(table["icons.json"]["icons"]) for table in tables.values()))
    names = {code.replace("-fe0f", ""): name for code, name in names.items() if name in both}
    for file, data in package_files(FLUENT, cache, (".webp",)):
        code = Path(file).stem.replace("-fe0f", "")
        if code not in names:
            continue
        body = icons[names[code]]["body"].replace("currentColor", "#000")
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">{body}</svg>'
        drawn = resvg_py.svg_to_bytes(svg_string=svg, width=256, height=256, skip_system_fonts=True)
        kind = "-".join(word for word in names[code].split("-") if word not in VARIANTS)
        place = f"{hashlib.sha256(kind.encode()).hexdigest()[:8]}-{code}.png"
        white_below(bytes(drawn), folder / "source" / place)
        white_below(data, folder / "shaded" / place)
    return folder


def white_below(data: bytes, path: Path) -> None:
    """Write an image of 256 x 256 on white as PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.open(io.BytesIO(data)).convert("RGBA").resize((256, 256))
    page = Image.new("RGBA", image.size, "white")
    Image.alpha_composite(page, image).convert("RGB").save(path, compress_level=1)


def save(data: bytes, path: Path) -> None:
    """Write an image as PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.open(io.BytesIO(data)).convert("RGBA").save(path, compress_level=1)
