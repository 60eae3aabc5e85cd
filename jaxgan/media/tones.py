"""Notes to sound, for listening to tunes where nothing plays MIDI: plain plucked tones.

A note is a sum of its first partials, the k-th with amplitude 1 / k^2; they fade by half in 0.3 s
and end softly with the note.
"""

import numpy as np

RATE = 16_000  # samples per second
PARTIALS, HALF, SOFT = 4, 0.3, 0.02  # per note; seconds; seconds
BEAT = 0.5  # seconds: 120 beats per minute
LONGEST = 15.0  # seconds; notes that begin later are left out


def sound(notes: np.ndarray, ticks: int) -> np.ndarray:
    """Return the sound of notes [n, 4] (start, length, pitch, velocity): [samples, 1] int16.

    ticks: per beat. The largest sample is 0.9 of full scale.
    """
    seconds = BEAT / ticks
    begin = notes[:, 0] * seconds
    length = np.minimum(notes[:, 1] * seconds, LONGEST - begin)
    heard = length > 0
    end = (begin + length)[heard].max(initial=SOFT)
    wave = np.zeros(round(end * RATE) + 1)
    for start, duration, (_, _, pitch, velocity) in zip(begin, length, notes, strict=True):
        if duration <= 0:
            continue
        t = np.arange(max(round(duration * RATE), 1)) / RATE
        frequency = 440.0 * 2.0 ** ((pitch - 69) / 12)
        partials = [k for k in range(1, PARTIALS + 1) if k * frequency < RATE / 2]
        tone = sum((np.sin(2 * np.pi * k * frequency * t) / k**2 for k in partials), np.zeros(1))
        tone = tone * 0.5 ** (t / HALF) * np.minimum(1, np.minimum(t, duration - t) / SOFT)
        place = round(start * RATE)
        part = wave[place : place + len(t)]
        part += (velocity / 127 * tone)[: len(part)]
    loudest = np.abs(wave).max()
    wave *= 0.9 * 32767 / loudest if loudest else 0
    return wave.round().astype(np.int16)[:, None]
