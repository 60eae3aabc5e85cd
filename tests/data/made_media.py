"""Procedural data sets of sounds, volumes, tunes and clips, made in numpy: small, of known classes.

    python -m tests.data.made_media words FOLDER --count=400

words       spoken-digit-like words: harmonics of a falling pitch under two moving formants and, in
            some, a burst of noise. A class is a path of the formants; a speaker draws pitch, size
            of the vocal tract (which scales the formants), speed and loudness. WAV, 8 kHz.
furniture   chairs, tables, benches, shelves and lamps of boxes, with drawn sides: OBJ files.
tunes       melodies with thirds in C major, walking up and down the scale; the first bars come
            again. A class is a metre. MIDI, 96 notes.
moving      squares that move over a still ground; a class is a direction. GIF, 32 frames, 32 x 32.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from jaxgan.media.meshes import obj_text
from jaxgan.media.midi import Tune, midi_bytes
from jaxgan.media.sounds import wav_bytes
from jaxgan.media.voxels import FACES

RATE = 8000
VOWELS = {  # the first two formants of a man's vowels in Hz (Peterson and Barney, 1952)
    "i": (270, 2290),
    "e": (530, 1840),
    "a": (730, 1090),
    "o": (570, 840),
    "u": (300, 870),
}
WORDS = {  # the vowels that it passes through, and where a burst of noise is: its start or none
    "zero": ("i", "o", 0.0),
    "one": ("u", "a", None),
    "two": ("u", "u", 0.0),
    "three": ("i", "i", 0.0),
    "four": ("o", "o", None),
    "five": ("a", "i", None),
    "six": ("i", "e", 0.8),
    "seven": ("e", "u", 0.0),
    "eight": ("e", "i", 0.8),
    "nine": ("a", "e", None),
}


def word(name: str, rng: np.random.Generator, seconds: float = 0.5) -> np.ndarray:
    """Return one word of a speaker at random, [samples, 1] int16, its largest at 0.3 to 0.9."""
    first, last, burst = WORDS[name]
    n = round(seconds * RATE * rng.uniform(0.7, 1.0))
    t = np.linspace(0, 1, n)
    tract, pitch = rng.uniform(0.9, 1.25), rng.uniform(90, 220) * (1.1 - 0.25 * t)
    turn = 1 / (1 + np.exp(-(t - 0.5) * 14))
    formants = [(1 - turn) * a + turn * b for a, b in zip(VOWELS[first], VOWELS[last], strict=True)]
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    sound = np.zeros(n)
    for k in range(1, 30):
        frequency = k * pitch
        loud = sum(
            weight / (1 + ((frequency - tract * formant) / width) ** 2)
            for formant, width, weight in zip(formants, (80, 120), (1.0, 0.6), strict=True)
        )
        sound += np.where(frequency < RATE / 2, loud, 0) * np.sin(k * phase)
    sound *= np.minimum(1, np.minimum(t, 1 - t) * 12)
    if burst is not None:
        noise = np.diff(rng.normal(size=n + 1))
        sound += 0.4 * noise * np.exp(-(((t - burst - 0.05) / 0.07) ** 2))
    sound *= rng.uniform(0.3, 0.9) / np.abs(sound).max()
    return np.round(sound * 32767).astype(np.int16)[:, None]


def words(folder: Path, count: int, seed: int = 0, seconds: float = 0.5) -> Path:
    """Write `count` words of each class as FOLDER/CLASS/SPEAKER.wav; return the folder."""
    for name in WORDS:
        for speaker in range(count):
            rng = np.random.default_rng((seed, speaker, list(WORDS).index(name)))
            path = folder / name / f"{speaker:04d}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(wav_bytes(word(name, rng, seconds), RATE))
    return folder


FURNITURE = ("chair", "table", "bench", "shelf", "lamp")


def boxes(name: str, rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the boxes of a piece of furniture, (low corner, high corner) each, not overlapping."""
    u = rng.uniform
    wide, deep = u(0.6, 1.0), u(0.5, 0.8)
    if name == "bench":
        wide, deep = u(1.4, 1.9), u(0.35, 0.5)
    if name == "lamp":
        wide = deep = u(0.35, 0.5)
    height, leg, top = u(0.5, 0.7), u(0.12, 0.18), u(0.12, 0.18)
    low = lambda *corner: np.array(corner)
    if name == "lamp":
        tall, r, middle = u(1.2, 1.6), u(0.12, 0.16), wide / 2
        return [
            (low(0, 0, 0), low(wide, deep, top)),
            (low(middle - r / 2, middle - r / 2, top), low(middle + r / 2, middle + r / 2, tall)),
            (low(0, 0, tall), low(wide, deep, tall + u(0.3, 0.5))),
        ]
    if name == "shelf":
        tall, boards = u(1.3, 1.8), int(rng.integers(2, 5))
        found = [
            (low(0, 0, 0), low(leg, deep, tall)),
            (low(wide - leg, 0, 0), low(wide, deep, tall)),
        ]
        for z in np.linspace(0, tall - leg, boards):
            found.append((low(leg, 0, z), low(wide - leg, deep, z + leg)))
        return found
    found = [(low(0, 0, height), low(wide, deep, height + top))]
    for x in (0, wide - leg):
        for y in (0, deep - leg):
            found.append((low(x, y, 0), low(x + leg, y + leg, height)))
    if name == "chair":
        found.append((low(0, 0, height + top), low(leg, deep, height + top + u(0.5, 0.9))))
    return found


def box_mesh(parts: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Return the faces of boxes, squares [n, 4, 3]: each box is a closed surface of its own."""
    cube = np.array(list(FACES.values()), float)
    return np.concatenate([low + cube * (high - low) for low, high in parts])


def furniture(folder: Path, count: int, seed: int = 0) -> Path:
    """Write `count` pieces of each class as FOLDER/CLASS/NUMBER.obj; return the folder."""
    for name in FURNITURE:
        for number in range(count):
            rng = np.random.default_rng((seed, number, FURNITURE.index(name)))
            path = folder / name / f"{number:04d}.obj"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(obj_text(box_mesh(boxes(name, rng))), encoding="utf-8")
    return folder


METRES = {"march": 4, "waltz": 3}  # beats of a bar
MAJOR = (0, 2, 4, 5, 7, 9, 11)


def melody(beats: int, rng: np.random.Generator, notes: int = 96) -> np.ndarray:
    """Return notes (start, length, pitch, velocity) of a melody, times in 24 ticks a beat."""
    degree, bars = int(rng.integers(5, 10)), []
    pitch = lambda degree: 60 + 12 * (degree // 7) + MAJOR[degree % 7]
    for _ in range(notes // beats):
        place, bar = 0, []
        while place < 24 * beats:
            length = int(rng.choice([12, 24, 24, 48])) if place % 24 == 0 else 12
            length = min(length, 24 * beats - place)
            degree = int(np.clip(degree + rng.choice([-2, -1, -1, 0, 1, 1, 2]), -3, 14))
            loud = 100 if place == 0 else 72
            tones = (degree, degree + 2) if place == 0 and rng.random() < 0.5 else (degree,)
            bar += [(place, length, pitch(tone), loud) for tone in tones]
            place += length
        bars.append(bar)
    order = [0, 1, 0, 1, *range(2, len(bars))]
    found = [
        (number * 24 * beats + start, *rest)
        for number, which in enumerate(order)
        for start, *rest in bars[which]
    ]
    return np.array(found[:notes], np.int64)


def tunes(folder: Path, count: int, seed: int = 0) -> Path:
    """Write `count` melodies of each class as FOLDER/CLASS/NUMBER.mid; return the folder."""
    for name, beats in METRES.items():
        for number in range(count):
            rng = np.random.default_rng((seed, number, list(METRES).index(name)))
            path = folder / name / f"{number:04d}.mid"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(midi_bytes(Tune(24, melody(beats, rng))))
    return folder


DIRECTIONS = {"left": (0, -1), "right": (0, 1), "up": (-1, 0), "down": (1, 0)}


def moving(folder: Path, count: int, seed: int = 0, frames: int = 32, side: int = 32) -> Path:
    """Write `count` films of each class as FOLDER/CLASS/NUMBER.gif; return the folder."""
    for name, direction in DIRECTIONS.items():
        for number in range(count):
            rng = np.random.default_rng((seed, number, list(DIRECTIONS).index(name)))
            path = folder / name / f"{number:04d}.gif"
            path.parent.mkdir(parents=True, exist_ok=True)
            first, *rest = map(Image.fromarray, film(direction, rng, frames, side))
            first.save(path, save_all=True, append_images=rest, duration=100, loop=0)
    return folder


def film(
    direction: tuple[int, int], rng: np.random.Generator, frames: int, side: int
) -> np.ndarray:
    """Return a film of a square that moves a pixel a frame, [frames, side, side, 3] uint8."""
    ground, color = rng.integers(0, 120, 3), rng.integers(135, 256, 3)
    start, size = rng.integers(0, side, 2), max(side // 4, 2)
    found = np.empty((frames, side, side, 3), np.uint8)
    found[:] = ground
    for t, frame in enumerate(found):
        rows, columns = (
            (np.arange(size) + first + t * step) % side
            for first, step in zip(start, direction, strict=True)
        )
        frame[np.ix_(rows, columns)] = color
    return found


MAKERS = {"words": words, "furniture": furniture, "tunes": tunes, "moving": moving}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=MAKERS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=400, help="of each class")
    flags = parser.parse_args()
    MAKERS[flags.name](flags.folder, flags.count)


if __name__ == "__main__":
    main()
