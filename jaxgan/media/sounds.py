"""Sound files to arrays and back: WAV by our own reader, FLAC and OGG by soundfile. Trusts nothing.

WAV: PCM of 8, 16, 24 or 32 bits, floats of 32 or 64 bits. A sample v of b bits stands for
v / 2^(b - 1); with 8 bits, which are unsigned, for (v - 128) / 128.
"""

import importlib.util
import math
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

WAV, PACKED = (".wav", ".wave"), (".flac", ".ogg")
SUFFIXES = WAV + PACKED
MAX_FILE_BYTES = 1 << 30
EXTENSIBLE = 0xFFFE  # a WAV whose real encoding follows later
ENCODINGS = {(1, 8): "u1", (1, 16): "<i2", (1, 24): "", (1, 32): "<i4", (3, 32): "<f4"}
ENCODINGS |= {(3, 64): "<f8"}
LOBES = 16  # of the sinc on each side: aliasing is about -80 dB
CHUNK = 1 << 14  # samples resampled at once


class Sound(NamedTuple):
    """What a file's header says. frames: samples per channel. rate: samples per second."""

    rate: int
    channels: int
    frames: int


class _Layout(NamedTuple):
    sound: Sound
    start: int
    encoding: tuple[int, int]


def needs_soundfile(path: Path) -> bool:
    """Return whether a file can be read only with the package soundfile, which is not installed."""
    return path.suffix.lower() in PACKED and importlib.util.find_spec("soundfile") is None


def inspect_sound(path: Path) -> Sound:
    """Read only the header. Raises ValueError or OSError with the reason, without the file's
    name."""
    if path.suffix.lower() in PACKED:
        import soundfile

        try:
            found = soundfile.info(str(path))
        except RuntimeError as error:  # libsndfile's own
            raise ValueError(f"cannot be read ({error})") from error
        return _checked(Sound(int(found.samplerate), int(found.channels), int(found.frames)))
    with path.open("rb") as file:
        return _layout(file, path.stat().st_size).sound


def read_sound(path: Path) -> np.ndarray:
    """Return all samples, [frames, channels] float32, mostly in [-1, 1].

    Raises ValueError or OSError: damaged, an unknown encoding, or samples that are not finite.
    """
    if path.suffix.lower() in PACKED:
        import soundfile

        inspect_sound(path)
        try:
            samples = soundfile.read(str(path), dtype="float32", always_2d=True)[0]
        except RuntimeError as error:
            raise ValueError(f"cannot be read ({error})") from error
    else:
        with path.open("rb") as file:
            layout = _layout(file, path.stat().st_size)
            samples = _decoded(file, layout)
    if not np.isfinite(samples).all():
        raise ValueError("samples that are not finite")
    return samples


def _layout(file: IO[bytes], size: int) -> _Layout:
    """Find the samples of a WAV file of `size` bytes."""
    if size > MAX_FILE_BYTES:
        raise ValueError(f"{size} bytes, more than {MAX_FILE_BYTES}")
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        raise ValueError("not a WAV file, or damaged at its start")
    form = b""
    while len(chunk := file.read(8)) == 8:
        name, length = struct.unpack("<4sI", chunk)
        if name == b"data":
            break
        if name == b"fmt ":
            form = file.read(min(length, 1 << 10))
            length -= len(form)
        file.seek(length + (length + len(form) * (name == b"fmt ")) % 2, 1)
    else:
        raise ValueError("it ends before its samples")
    if len(form) < 16:
        raise ValueError("its format stands nowhere before its samples")
    tag, channels, rate, _, _, bits = struct.unpack("<HHIIHH", form[:16])
    if tag == EXTENSIBLE and len(form) >= 26:
        (tag,) = struct.unpack("<H", form[24:26])
    if (tag, bits) not in ENCODINGS:
        raise ValueError(f"encoding {tag} of {bits} bits; save 16-bit PCM")
    start = file.tell()
    # A length beyond the end is from a stream that was never closed: use what is there.
    frames = min(length, size - start) // max(channels * bits // 8, 1)
    return _Layout(_checked(Sound(rate, channels, frames)), start, (tag, bits))


def _checked(sound: Sound) -> Sound:
    if not (1 <= sound.channels <= 64 and 1 <= sound.rate <= 1 << 20):
        raise ValueError(f"{sound.channels} channels at {sound.rate} samples per second")
    if sound.frames < 1:
        raise ValueError("no samples")
    return sound


def _decoded(file: IO[bytes], layout: _Layout) -> np.ndarray:
    (_rate, channels, frames), (tag, bits) = layout.sound, layout.encoding
    file.seek(layout.start)
    data = file.read(frames * channels * bits // 8)
    if bits == 24:
        parts = np.frombuffer(data, np.uint8).reshape(-1, 3).astype(np.int32)
        values = (parts[:, 0] << 8 | parts[:, 1] << 16 | parts[:, 2] << 24) / np.float32(2**31)
    else:
        values = np.frombuffer(data, ENCODINGS[layout.encoding])
        if bits == 8:
            values = values.astype(np.float32) - 128
        if tag == 1:
            values = values / np.float32(2 ** (bits - 1))
    return values.astype(np.float32).reshape(frames, channels)


def resampled(samples: np.ndarray, rate: int, new_rate: int) -> np.ndarray:
    """Return samples [n, channels] float32 at another rate: [ceil(n new / old), channels].

    A Hann-windowed sinc with cutoff at half the lower of the two rates; silence outside.
    """
    if rate == new_rate:
        return samples
    count = -(-len(samples) * new_rate // rate)
    cutoff = min(1.0, new_rate / rate)
    reach = math.ceil(LOBES / cutoff)
    padded = np.pad(samples.astype(np.float64), ((reach, reach + 1), (0, 0)))
    taps, made = np.arange(-reach + 1, reach + 1), []
    for start in range(0, count, CHUNK):
        numbers = np.arange(start, min(start + CHUNK, count)) * rate  # exact, of whole numbers
        places, parts = numbers // new_rate, (numbers % new_rate) / new_rate
        distance = taps[None] - parts[:, None]
        weights = cutoff * np.sinc(cutoff * distance) * _hann(distance * cutoff / LOBES)
        around = padded[places[:, None] + taps[None] + reach]
        made.append(np.einsum("nt,ntc->nc", weights, around))
    return np.concatenate(made).astype(np.float32)


def _hann(x: np.ndarray) -> np.ndarray:
    return np.where(np.abs(x) < 1, 0.5 + 0.5 * np.cos(np.pi * x), 0.0)


def wav_bytes(samples: np.ndarray, rate: int) -> bytes:
    """Return a WAV file of samples [n, channels] int16."""
    channels, data = samples.shape[1], samples.astype("<i2").tobytes()
    form = struct.pack("<HHIIHH", 1, channels, rate, 2 * channels * rate, 2 * channels, 16)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data"
    body += struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def wav_with_pauses(parts: Sequence[np.ndarray], rate: int, pause: float) -> bytes:
    """Return a WAV file of sounds [n, channels] int16, one after another.

    pause: seconds of silence between two of them.
    """
    silence = np.zeros((round(pause * rate), parts[0].shape[1]), np.int16)
    joined = [x for part in parts for x in (silence, part)]
    return wav_bytes(np.concatenate(joined[1:]), rate)
