"""Sound files: every encoding of WAV, damage, and resampling against theory."""

import struct
import wave

import numpy as np
import pytest
from scipy.signal import resample_poly

from jaxgan.media.sounds import Sound, inspect_sound, read_sound, resampled, wav_bytes


def riff(form: bytes, data: bytes, before: bytes = b"") -> bytes:
    chunks = b"WAVE" + before + b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


def form(tag: int, channels: int, rate: int, bits: int) -> bytes:
    size = channels * bits // 8
    return struct.pack("<HHIIHH", tag, channels, rate, rate * size, size, bits)


def test_a_file_reads_back_bit_for_bit_and_python_agrees(tmp_path):
    samples = np.random.default_rng(0).integers(-32768, 32768, (1001, 2)).astype(np.int16)
    path = tmp_path / "a.wav"
    path.write_bytes(wav_bytes(samples, 11025))
    assert inspect_sound(path) == Sound(11025, 2, 1001)
    np.testing.assert_array_equal(read_sound(path), samples.astype(np.float32) / 32768)
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels()) == (11025, 2)
        np.testing.assert_array_equal(
            np.frombuffer(file.readframes(1001), "<i2").reshape(-1, 2), samples
        )


@pytest.mark.parametrize(
    ("tag", "bits", "data", "values"),
    [
        (1, 8, bytes([0, 128, 255]), [-1, 0, 127 / 128]),
        (1, 16, struct.pack("<3h", -32768, 0, 32767), [-1, 0, 32767 / 32768]),
        (1, 24, b"\x00\x00\x80" + b"\x00\x00\x00" + b"\xff\xff\x7f", [-1, 0, 1 - 2**-23]),
        (1, 32, struct.pack("<3i", -(2**31), 0, 2**30), [-1, 0, 0.5]),
        (3, 32, struct.pack("<3f", -1.0, 0.0, 0.25), [-1, 0, 0.25]),
        (3, 64, struct.pack("<3d", -1.0, 0.0, 0.25), [-1, 0, 0.25]),
    ],
)
def test_encodings(tmp_path, tag, bits, data, values):
    path = tmp_path / "a.wav"
    extensible = form(0xFFFE, 1, 8000, bits) + struct.pack("<HHIH", 22, bits, 0, tag) + b"\0" * 14
    for head in (form(tag, 1, 8000, bits), extensible):
        # A chunk of odd length before, and a length that promises more than there is.
        content = bytearray(riff(head, data, b"LIST" + struct.pack("<I", 3) + b"abc\0"))
        path.write_bytes(content)
        found = read_sound(path)[:, 0]
        np.testing.assert_allclose(found, values, atol=1e-7)
        place = content.rindex(b"data") + 4
        content[place : place + 4] = b"\xff\xff\xff\xff"
        path.write_bytes(content)
        np.testing.assert_array_equal(read_sound(path)[:, 0], found)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a WAV file"),
        (b"RIFF1234WAVEfmt ", "ends before its samples"),
        (riff(form(1, 1, 8000, 16), b""), "no samples"),
        (riff(form(1, 0, 8000, 16), b"ab"), "0 channels"),
        (riff(form(2, 1, 8000, 4), b"abcd"), "encoding 2 of 4 bits; save 16-bit PCM"),
        (riff(form(3, 1, 8000, 32), struct.pack("<f", np.nan)), "not finite"),
        (riff(b"", b"abcd"), "format stands nowhere"),
    ],
)
def test_damage_is_named(tmp_path, content, reason):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=reason):
        read_sound(path)


@pytest.mark.parametrize(("rate", "new"), [(8000, 16000), (16000, 8000), (44100, 8000)])
def test_resampling_keeps_a_tone_and_drops_what_the_new_rate_cannot_hold(rate, new):
    t = np.arange(rate) / rate
    tone = np.sin(2 * np.pi * 440 * t + 0.3).astype(np.float32)[:, None]
    made = resampled(tone, rate, new)
    assert len(made) == new
    expected = np.sin(2 * np.pi * 440 * np.arange(new) / new + 0.3)
    inside = slice(new // 10, -new // 10)
    assert np.abs(made[inside, 0] - expected[inside]).max() < 2e-3
    if new < rate:
        high = np.sin(2 * np.pi * 0.75 * new * t).astype(np.float32)[:, None]
        assert np.abs(resampled(high, rate, new)[inside]).max() < 2e-3
        noise = np.random.default_rng(0).normal(size=(rate, 1)).astype(np.float32)
        other = resample_poly(noise, new, rate, window=("kaiser", 8.0))
        # Two good filters differ only near their cutoff.
        spectra = [
            np.fft.rfft(x[:, 0])[: int(0.4 * new)] for x in (other, resampled(noise, rate, new))
        ]
        assert np.linalg.norm(spectra[0] - spectra[1]) < 0.03 * np.linalg.norm(spectra[0])


def test_an_unchanged_rate_changes_nothing():
    samples = np.random.default_rng(0).normal(size=(50, 1)).astype(np.float32)
    assert resampled(samples, 8000, 8000) is samples
