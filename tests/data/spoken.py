"""Spoken digits of a speech synthesiser, as many as wanted, of known words and voices.

    apt-get install espeak-ng          # Debian, GPL-3+; `made_media words` needs nothing
    python -m tests.data.spoken FOLDER --count=32

writes FOLDER/WORD/VOICE-NUMBER.wav, mono, 22,050 Hz: `count` of each of ten words by each of
sixteen English voices, with pitch and speed drawn at random, without the silence around them. All
are at most half a second long, so that 4,096 samples at 8 kHz hold one. About 25 ms a word.
"""

import argparse
import shutil
import subprocess
from pathlib import Path

import numpy as np

from jaxgan.media.sounds import inspect_sound, read_sound, wav_bytes
from jaxgan.media.waves import to_stored

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
VOICES = tuple(f"m{i}" for i in range(1, 9)) + tuple(f"f{i}" for i in range(1, 6))
VOICES += ("klatt", "klatt2", "klatt3")
SECONDS, SILENT = 0.51, 0.01  # at most; of full scale
TRIES = 20


def spoken(word: str, voice: str, rng: np.random.Generator, path: Path) -> None:
    """Write one word of a voice at a pitch and a speed at random."""
    for _ in range(TRIES):
        pitch, speed = int(rng.integers(25, 75)), int(rng.integers(175, 260))
        flags = ["-z", "-v", f"en+{voice}", "-p", str(pitch), "-s", str(speed), "-w", str(path)]
        subprocess.run(["espeak-ng", *flags, word], check=True, stderr=subprocess.PIPE)
        found, rate = read_sound(path), inspect_sound(path).rate
        loud = np.flatnonzero(np.abs(found[:, 0]) > SILENT)
        found = found[loud[0] : loud[-1] + 1]
        if len(found) <= SECONDS * rate:
            path.write_bytes(wav_bytes(to_stored(found), rate))
            return
    raise ValueError(f"{word!r} by {voice!r} is never shorter than {SECONDS} s")


def digits(folder: Path, count: int, seed: int = 0) -> Path:
    """Write `count` of each word by each voice; return the folder."""
    if shutil.which("espeak-ng") is None:
        raise FileNotFoundError("espeak-ng is not installed: apt-get install espeak-ng")
    for word in WORDS:
        (folder / word).mkdir(parents=True, exist_ok=True)
        for voice in VOICES:
            for number in range(count):
                rng = np.random.default_rng((seed, number, WORDS.index(word), VOICES.index(voice)))
                spoken(word, voice, rng, folder / word / f"{voice}-{number:03d}.wav")
    return folder


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=32, help="of each word by each voice")
    flags = parser.parse_args()
    digits(flags.folder, flags.count)
