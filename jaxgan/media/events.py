"""Events: tunes as sequences of notes, [notes, 4] (C-RNN-GAN, arXiv 1611.09904).

    0  gap        beats since the start of the note before; 0 for notes that start together
    1  length     beats
    2  pitch      octaves from 440 Hz: log2 of the ratio of the frequencies
    3  velocity   divided by 127

Stored as int16: ticks, ticks, MIDI's pitch (69 is 440 Hz) and velocity. A tick is 1/24 of a beat,
MIDI's own clock: halves and thirds of a beat, and of a quarter of it, are whole numbers of ticks.
The units are the same for every data set, so the inverse needs nothing else; generated numbers are
rounded to them. In training U(-1/2, 1/2) units are added to each number, which rounding undoes:
otherwise a discriminator would recognise real notes by the grid that they lie on.

A picture of a tune is its piano roll: time to the right, pitch upwards, louder notes darker. Its
file is a MIDI file. A sheet is heard as one WAV in plain tones (tones.py): the first tune of each
row.
"""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from jaxgan.files.atomic import write_bytes
from jaxgan.media.augment import Streams
from jaxgan.media.finite import refuse_not_finite
from jaxgan.media.images import distances
from jaxgan.media.labelled import decode, labelled
from jaxgan.media.medium import Batch, Medium, Reel
from jaxgan.media.midi import Tune, midi_bytes
from jaxgan.media.sounds import wav_with_pauses
from jaxgan.media.tones import RATE, sound

SIZE = (32,)  # notes
NOUN = "tunes"
AUGMENTS = ()
READS = ("events",)
PREPARE = "jaxgan prepare FOLDER TARGET --notes={0}"
TICKS = 24  # per beat
LONGEST = 32767  # ticks
A4 = 69  # MIDI's number of 440 Hz
LOWEST, KEYS, ROW = 21, 88, 2  # of a piano; pixels per key in a piano roll
HEIGHT, WIDTH = KEYS * ROW, 192  # pixels of a piano roll
PAUSE = 0.5  # seconds of silence between the tunes of a sheet
SCALE, OFFSET = (TICKS, TICKS, 12, 127), (0, 0, A4, 0)  # stored = scale x float + offset
LEAST, MOST = (0, 1, 0, 1), (LONGEST, LONGEST, 127, 127)


def assumed(config: ConfigDict, channels: int, classes: int) -> dict[str, Any]:
    """Return the numbers per note and the bits of every data set of tunes."""
    return {"channels": 4, "bits": 16}


def medium(data: ConfigDict) -> Medium:
    """Return the medium of a resolved config's section `data`."""
    return events(data.size[0], len(data.class_names))


def events(notes: int, num_classes: int = 0) -> Medium:
    """Return the medium of tunes with this many notes."""
    stored, spec = labelled((notes, 4), jnp.int16, num_classes)
    return Medium(
        stored=stored,
        spec=spec,
        decode=decode,
        to_float=to_float,
        to_stored=to_stored,
        augment=augment,
        suffix=".mid",
        write=write,
        distances=distances,
        pictures=piano_rolls,
        reel=Reel(".wav", one_after_another),
    )


def to_float(batch: Batch) -> Batch:
    """Return a batch of stored tunes [..., notes, 4] in the units above; labels are unchanged."""
    return batch._replace(sample=_by_number(batch.sample, back=True))


def to_stored(tunes: Any) -> Any:
    """Round tunes to ticks and semitones and clip them to MIDI's ranges; NumPy or JAX arrays.

    Raises ValueError for NumPy tunes that are not finite; it names the first one.
    """
    refuse_not_finite(tunes, "tune")
    return _by_number(tunes).astype(np.int16)


def augment(keys: Streams, batch: Batch) -> Batch:
    """Return float tunes in which each number is uniform in the interval that is rounded to it."""
    tunes = batch.sample
    moved = jax.random.uniform(keys["rounding"], tunes.shape, minval=-0.5, maxval=0.5)
    unit = jnp.asarray(SCALE, jnp.float32).reshape((1,) * (tunes.ndim - 1) + (4,))
    return batch._replace(sample=tunes + moved / unit)


def _by_number(tunes: Any, back: bool = False) -> Any:
    """Return floats [..., 4] as stored numbers or, with `back`, stored numbers as floats."""
    xp = jnp if isinstance(tunes, jax.Array) else np
    scale, offset, least, most = (
        xp.asarray(x, np.float32).reshape((1,) * (tunes.ndim - 1) + (4,))
        for x in (SCALE, OFFSET, LEAST, MOST)
    )
    if back:
        return (tunes.astype(np.float32) - offset) / scale
    return xp.clip(xp.round(tunes * scale + offset), least, most)


def notes_of(tune: np.ndarray) -> np.ndarray:
    """Return (start, length, pitch, velocity) in ticks of one stored tune: [notes, 4] int64."""
    gap, length, pitch, velocity = tune.astype(np.int64).T
    return np.stack([np.cumsum(gap) - gap[0], length, pitch, velocity], -1)


def events_of(tune: Tune) -> np.ndarray:
    """Return the notes of a MIDI file as they are stored, [n, 4] int16; the first gap is 0.

    Times are rounded to ticks before gaps are taken, so that rounding errors do not accumulate.
    """
    start, length, pitch, velocity = tune.notes.T
    ticks = lambda x: (x * TICKS + tune.division // 2) // tune.division
    start = ticks(start)
    found = np.stack([np.diff(start, prepend=start[:1]), ticks(length), pitch, velocity], -1)
    return np.clip(found, LEAST, MOST).astype(np.int16)


def piano_rolls(samples: np.ndarray) -> np.ndarray:
    """Return the piano roll of each stored tune [n, notes, 4]: [n, HEIGHT, WIDTH, 1] uint8. Notes
    outside a piano's range are shown at its ends."""
    rolls = np.full((len(samples), HEIGHT, WIDTH, 1), 255, np.uint8)
    rolls[:, -1] = rolls[:, :, -1] = 215  # between the cells of a sheet
    for roll, tune in zip(rolls, samples, strict=True):
        notes = notes_of(tune)
        last = max((notes[:, 0] + notes[:, 1]).max(initial=1), 1)
        for start, length, pitch, velocity in notes.tolist():
            first = start * WIDTH // last
            behind = max((start + length) * WIDTH // last, first + 1)
            key = min(max(pitch - LOWEST, 0), KEYS - 1)
            shown = roll[HEIGHT - ROW * (key + 1) :, first:behind][:ROW]
            shown[:] = np.minimum(shown, 191 - 3 * velocity // 2)
    return rolls


def write(path: Path, tune: np.ndarray) -> None:
    """Write one stored tune as a MIDI file."""
    write_bytes(path, midi_bytes(Tune(TICKS, on_a_keyboard(notes_of(tune)))))


def one_after_another(samples: np.ndarray, columns: int) -> bytes:
    """Return a WAV file of the first stored tune of each row, with pauses between."""
    found = [sound(notes_of(tune), TICKS) for tune in samples[::columns]]
    return wav_with_pauses(found, RATE, PAUSE)


def on_a_keyboard(notes: np.ndarray) -> np.ndarray:
    """Return notes [n, 4] in which each ends when the next of its pitch begins. A generator may
    repeat a note many times over, and a MIDI file has 16 channels. Of notes with the same pitch and
    start only the longest is kept."""
    notes = notes[np.lexsort((-notes[:, 3], -notes[:, 1], notes[:, 0], notes[:, 2]))]
    _, first = np.unique(notes[:, [2, 0]], axis=0, return_index=True)
    notes = notes[np.sort(first)]
    same = notes[1:, 2] == notes[:-1, 2]
    room = np.where(same, notes[1:, 0] - notes[:-1, 0], MOST[0])
    notes[:-1, 1] = np.minimum(notes[:-1, 1], room)
    return notes
