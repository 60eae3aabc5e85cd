"""Spoken digits, made up: what runs of WaveGAN or SpecGAN score, beside the real ones.

    python -m tests.demos.digits RUNS... [--output=digits.png]        two minutes on one core

A classifier learns the digits by nine tenths of the runs' data (evaluate/extractors/classifier.py).
Of its logits and features on 1,000 samples each of several sets the table has:

    is          Inception Score, from 1 to the number of words
    fd          Frechet distance of the features to those of all the real sounds
    right       share that it takes for the word that was asked for, where one was
    tested      real sounds that it was not trained on
    back        the same, made of their own log spectrograms by the Griffin-Lim algorithm
    noise       white noise as loud as the samples: a control

The picture has samples of the first run, row by row, above real sounds; digits.wav plays them.
"""

import argparse
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


def main(runs: list[str], output: str) -> None:
    configs = [saved(Path(run)) for run in runs]
    generators = [jaxgan.load(run) for run in runs]
    assert all(isinstance(generator, jaxgan.TrainedGenerator) for generator in generators)
    own = configs[0].data
    data = of_records(open_records(own.name, own.split), generators[0].medium)
    judge, every = classifier(data), np.arange(data.count)
    stored, labels = data.read(every)
    _, (tested, words) = divided(stored, labels)
    look = lambda sounds: extract([sounds[i : i + 100] for i in range(0, len(sounds), 100)], judge)
    print(f"classifier: {judge.protocol['accuracy']:.3f} of {len(tested)} tested ones right\n")
    print("| | is | fd | right |\n| --- | --- | --- | --- |")
    real, asked = look(stored), np.arange(COUNT) % len(data.class_names)
    line("tested", look(tested), real, words)
    line("back", look(back(tested)), real, words)
    sets = []
    for run, generator, config in zip(runs, generators, configs, strict=True):
        told = bool(config.model.get("conditional"))
        made = generator.sample(classes=asked.tolist() if told else None, count=COUNT)
        line(f"{Path(run).name}, step {generator.step}", look(made), real, asked if told else None)
        sets.append(made)
    loud = sets[0].std() * np.random.default_rng(0).normal(size=sets[0].shape)
    line("noise", look(np.clip(loud, -32768, 32767).astype(np.int16)), real, None)
    shown = np.concatenate([sets[0][: 3 * COLUMNS], tested[:COLUMNS]])
    save_picture(Path(output), grid(waves.wave_pictures(shown, own.rate), COLUMNS))
    played = waves.one_after_another(sets[0][: 2 * COLUMNS], 1, own.rate)
    write_bytes(Path(output).with_suffix(".wav"), played)


if __name__ == "__main__":
    jax.config.update("jax_platforms", "cpu")
    parser = argparse.ArgumentParser()
    parser.add_argument("runs", nargs="+", help="of one data set")
    parser.add_argument("--output", default="digits.png", help="of the first run")
    main(**vars(parser.parse_args()))
