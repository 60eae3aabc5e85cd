"""Emoji with captions, and the captions' vectors by wordllama."""

import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np

from jaxgan.data.prepare.prepare import prepare
from tests.data.real.emoji import NOTO, white_below
from tests.data.real.packages import package_files

TONES = {"1F3FB": "light", "1F3FC": "medium-light", "1F3FD": "medium"}
TONES |= {"1F3FE": "medium-dark", "1F3FF": "dark"}
HELD_OUT = 160  # of emoji_captions
WORDLLAMA = "wordllama==0.4.0.post1"


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
