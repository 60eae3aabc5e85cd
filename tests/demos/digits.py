"""Spoken digits, made up: what a run of WaveGAN or SpecGAN scores, beside the real ones.

    python -m tests.demos.digits runs/specgan [digits.png]        a minute on one core

A classifier learns the digits by nine tenths of the run's data (evaluate/extractors/classifier.py).
Of its logits and features on 1,000 samples each of several sets the table has:

    is          Inception Score, from 1 to the number of words
    fd          Frechet distance of the features to those of all the real sounds
    right       share that it takes for the word that was asked for, where one was
    tested      real sounds that it was not trained on
    back        the same, made of their own log spectrograms by the Griffin-Lim algorithm
    noise       white noise as loud as the samples: a control

The picture has samples, row by row, above real sounds; digits.wav plays the samples.
"""

import sys
from pathlib import Path

import jax
import numpy as np

import jaxgan
from jaxgan.data.records import open_records
from jaxgan.evaluate.extractors.classifier import classifier
from jaxgan.evaluate.features import Features, extract
from jaxgan.evaluate.images import of_records
from jaxgan.evaluate.metrics.frechet import frechet_of_samples
from jaxgan.evaluate.metrics.held_out import divided
from jaxgan.evaluate.metrics.inception_score import inception_score
from jaxgan.files.atomic import write_bytes
from jaxgan.media import log_spectrograms, waves
from jaxgan.media.medium import Batch
from jaxgan.media.pictures import grid, save_picture
from jaxgan.training.run import saved

COUNT, COLUMNS = 1000, 8


def line(name: str, found: Features, real: Features, labels: np.ndarray | None) -> None:
    """Print a row of the table."""
    right = "" if labels is None else f"{(found.logits.argmax(1) == labels).mean():.3f}"
    distance = frechet_of_samples(found.features, real.features)
    score, _ = inception_score(found.logits, splits=1)
    print(f"| {name} | {score:.2f} | {distance:.2f} | {right} |", flush=True)


def back(stored: np.ndarray) -> np.ndarray:
    """Return stored waves as they come back from their log spectrograms."""
    made = log_spectrograms.to_float(Batch(jax.numpy.asarray(stored))).sample
    return np.asarray(log_spectrograms.to_stored(made))


def main(run: str, output: str = "digits.png") -> None:
    generator, config = jaxgan.load(run), saved(Path(run))
    assert isinstance(generator, jaxgan.TrainedGenerator)
    data = of_records(open_records(config.data.name, config.data.split), generator.medium)
    judge, every = classifier(data), np.arange(data.count)
    stored, labels = data.read(every)
    _, (tested, words) = divided(stored, labels)
    look = lambda sounds: extract([sounds[i : i + 100] for i in range(0, len(sounds), 100)], judge)
    print(f"classifier: {judge.protocol['accuracy']:.3f} of {len(tested)} tested ones right\n")
    print("| | is | fd | right |\n| --- | --- | --- | --- |")
    real, asked = look(stored), np.arange(COUNT) % len(data.class_names)
    line("tested", look(tested), real, words)
    line("back", look(back(tested)), real, words)
    told = bool(config.model.get("conditional"))
    made = generator.sample(classes=asked.tolist() if told else None, count=COUNT)
    line(f"samples of step {generator.step}", look(made), real, asked if told else None)
    loud = made.std() * np.random.default_rng(0).normal(size=made.shape)
    line("noise", look(np.clip(loud, -32768, 32767).astype(np.int16)), real, None)
    shown = np.concatenate([made[: 3 * COLUMNS], tested[:COLUMNS]])
    save_picture(Path(output), grid(waves.wave_pictures(shown, config.data.rate), COLUMNS))
    played = waves.one_after_another(made[: 2 * COLUMNS], 1, config.data.rate)
    write_bytes(Path(output).with_suffix(".wav"), played)


if __name__ == "__main__":
    jax.config.update("jax_platforms", "cpu")
    main(*sys.argv[1:])
