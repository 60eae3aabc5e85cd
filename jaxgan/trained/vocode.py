"""`jaxgan translate MODEL FOLDER` of a vocoder: a folder of sounds in, sounds out.

OUT/NAME.wav    what the network makes of the mel spectrogram of FOLDER/NAME.*, as long as that file
OUT.png         the first sounds: their spectrograms, what they become, and what they were
OUT.wav         the first of them, to hear: what it becomes, a pause, what it was

Nothing but its spectrogram is taken from a sound, so the result tells how well the network knows
such voices or instruments. A sound is made in one pass, whatever its length.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from jaxgan.data.prepare.folders import open_folder
from jaxgan.data.prepare.listing import SOUNDS
from jaxgan.files import limits
from jaxgan.files.atomic import check_output, write_bytes
from jaxgan.files.errors import one_line
from jaxgan.files.progress import Progress
from jaxgan.media.mel_spectrograms import Mel, log_mels
from jaxgan.media.mels import padded, refuse_rate, settings, sound
from jaxgan.media.pictures import save_picture
from jaxgan.media.sounds import inspect_sound, needs_soundfile
from jaxgan.media.waves import one_after_another, to_stored
from jaxgan.trained.generator import checked_seed
from jaxgan.trained.translator import Translator
from jaxgan.training.translation_sheets import side_by_side


class File(NamedTuple):
    """A sound of the folder, and where what it becomes is written."""

    path: Path
    target: Path


def vocode_folder(
    translator: Translator,
    folder: Path,
    out: Path,
    seed: int = 0,
    columns: int = 10,
    force: bool = False,
) -> str:
    """Make every sound of a folder anew; return a line that says what was written.

    Args:
      out: a folder, made if it is not there; beside it the sheet, with the endings .png and .wav.
      columns: sounds of the sheet.
      force: not needed: sounds and sheets are replaced, and the line says so.

    Raises:
      ValueError, FileNotFoundError: before anything is written: no sounds, or one of another
        sampling rate than the training's.
    """
    checked_seed(seed)
    if translator.medium.silence is None:
        raise ValueError(
            f"model {translator.config.model.name!r} speaks conditions that no file holds: write "
            "jaxgan.load(RUN).translate(conditions)"
        )
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder; write one with sounds")
    if out.absolute().is_relative_to(folder.absolute()):
        raise ValueError(f"--out={out} is in {folder}, whose sounds are read: write another folder")
    mel, medium = settings(translator.config.data), translator.medium
    files, unreadable = listed(folder, out, mel)
    picture, played = (out.with_name(f"{out.name}{suffix}") for suffix in (".png", ".wav"))
    for path in (picture, played):
        check_output(path, "--out")
    replaced = [bool(check_output(file.target, "--out", force=force)) for file in files]
    first: list[tuple[np.ndarray, ...]] = []
    with Progress("translating", len(files), noun="sounds") as progress:
        for file in files:
            wave = sound(file.path, mel)
            frames = log_mels(padded(wave, mel), mel)[None]
            made = translator.translate(frames, seed)[0, : len(wave)]
            file.target.parent.mkdir(parents=True, exist_ok=True)
            medium.write(file.target, made)
            progress.add()
            if len(first) < columns:
                true = to_stored(wave[None, :, None])[0]
                shown = [medium.pictures(x[None])[0] for x in (made, true)]
                first.append((medium.show_condition(frames)[0], *shown))
                if len(first) == 1:
                    write_bytes(played, one_after_another(np.stack([made, true]), 1, mel.rate))
    save_picture(picture, side_by_side(*zip(*first, strict=True)))
    text = f"{out}: {len(files)} sounds; {picture}: the first {len(first)} beside what they were"
    if any(replaced):
        text += f" ({sum(replaced)} replace files that were there)"
    if unreadable:
        text += f"; {len(unreadable)} files left out, such as {unreadable[0]}"
    return text


def listed(folder: Path, out: Path, mel: Mel) -> tuple[list[File], list[str]]:
    """Return the sounds of a folder in their order, and why others are left out."""
    files, unreadable = [], []
    targets: dict[Path, Path] = {}
    for path in open_folder(folder, wanted=SOUNDS).read(0):
        assert isinstance(path, Path)
        if needs_soundfile(path):
            raise ValueError(f"{path} needs soundfile: pip install soundfile, or give WAV files")
        target = (out / path.relative_to(folder)).with_suffix(".wav")
        try:
            inspect_sound(path)
        except (ValueError, OSError) as error:
            limits.pass_on(error)
            unreadable.append(f"{path.name!r} ({one_line(error)})")
            continue
        refuse_rate(path, mel)
        if target in targets:
            raise ValueError(f"{targets[target]} and {path} would both become {target}: rename one")
        targets[target] = path
        files.append(File(path, target))
    if not files:
        raise ValueError(f"{folder}: none of {len(unreadable)} sounds can be read; {unreadable[0]}")
    return files, unreadable
