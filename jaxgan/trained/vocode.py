"""`jaxgan translate MODEL FOLDER`, for a vocoder: a folder of sounds in, a folder of sounds out.

OUT/NAME.wav    made from the mel spectrogram of FOLDER/NAME.*, as long as that file
OUT.png         the first sounds: their spectrograms, what was made, and the originals
OUT.wav         the first of them, to hear: what was made, a pause, the original

The network is given nothing but a sound's spectrogram, so the result shows how well it knows such
voices or instruments. A sound is made in one pass, whatever its length.
"""

from pathlib import Path

import numpy as np

from jaxgan.data.prepare.listing import SOUNDS
from jaxgan.files.atomic import write_bytes
from jaxgan.files.progress import Progress
from jaxgan.game.seeds import checked_seed
from jaxgan.media.mel_spectrograms import log_mels
from jaxgan.media.mels import padded, refuse_rate, settings, sound
from jaxgan.media.pictures import save_picture
from jaxgan.media.sounds import inspect_sound, needs_soundfile
from jaxgan.media.waves import one_after_another, to_stored
from jaxgan.trained.folder_to_folder import check_outputs, files_of, readable, reported, results_of
from jaxgan.trained.translator import Translator
from jaxgan.training.translation_sheets import side_by_side


def vocode_folder(
    translator: Translator,
    folder: Path,
    out: Path,
    seed: int = 0,
    columns: int = 10,
    force: bool = False,
) -> str:
    """Resynthesise every sound of a folder; return a line on what was written.

    Args:
      out: a folder, created if missing; the sheet is written beside it, with suffixes .png and
        .wav.
      columns: sounds in the sheet.
      force: not needed: sounds and sheets are replaced, and the line says so.

    Raises:
      ValueError, FileNotFoundError: before anything is written: no sounds, or one whose sampling
        rate differs from the training's.
    """
    checked_seed(seed)
    if translator.medium.silence is None:
        raise ValueError(
            f"model {translator.config.model.name!r} takes conditions that no file holds: write "
            "jaxgan.load(RUN).translate(conditions)"
        )
    mel, medium = settings(translator.config.data), translator.medium
    paths = files_of(folder, out, "sounds", SOUNDS)
    for path in paths:
        if needs_soundfile(path):
            raise ValueError(f"{path} needs soundfile: pip install soundfile, or give WAV files")
    found, left_out = readable(folder, paths, inspect_sound, "sounds")
    for path in found:
        refuse_rate(path, mel)
    results = results_of(found, folder, out, ".wav")
    picture, played = (out.with_name(f"{out.name}{suffix}") for suffix in (".png", ".wav"))
    replaced = check_outputs(results.values(), [picture, played], force)
    first: list[tuple[np.ndarray, ...]] = []
    with Progress("translating", len(results), noun="sounds") as progress:
        for path, result in results.items():
            wave = sound(path, mel)
            frames = log_mels(padded(wave, mel), mel)[None]
            made = translator.translate(frames, seed)[0, : len(wave)]
            result.parent.mkdir(parents=True, exist_ok=True)
            medium.write(result, made)
            progress.add()
            if len(first) < columns:
                true = to_stored(wave[None, :, None])[0]
                shown = [medium.pictures(x[None])[0] for x in (made, true)]
                first.append((medium.show_condition(frames)[0], *shown))
                if len(first) == 1:
                    write_bytes(played, one_after_another(np.stack([made, true]), 1, mel.rate))
    save_picture(picture, side_by_side(*zip(*first, strict=True)))
    text = f"{out}: {len(results)} sounds; {picture}: the first {len(first)} beside what they were"
    return reported(text, replaced, left_out)
