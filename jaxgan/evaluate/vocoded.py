"""How close a vocoder's sounds are to those whose mel spectrograms it was given, on the windows of
a split that is not trained on, if the run has one.

    mel_l1              mean |M(made) - M(true)| of log10 mel spectrograms, which
                        media/mel_spectrograms.py defines
    mel_l1_griffin_lim  for sounds made by 60 iterations of the Griffin-Lim algorithm, which learns
                        nothing
    mel_l1_mean         for the mean spectrogram of these windows instead of each one's own

Sounds are rounded to 16 bits first, as in a file. A line of results.jsonl has the numbers and the
protocol; the speed, in seconds of sound per second on this machine, is only printed.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

import jaxgan
from jaxgan.data.order import fair_draw
from jaxgan.data.reader import Reader
from jaxgan.data.records import Records, open_records
from jaxgan.evaluate.results import append_result, table
from jaxgan.evaluate.samples import averaging, tree_hash
from jaxgan.files.progress import Progress
from jaxgan.game.seeds import checked_seed
from jaxgan.media.medium import Batch
from jaxgan.media.mel_spectrograms import ROUNDS, griffin_lim, log_mels
from jaxgan.media.mels import settings
from jaxgan.media.waves import to_float, to_stored
from jaxgan.report import refresh
from jaxgan.trained.load import load_translator
from jaxgan.trained.translator import Translator

METRIC = "vocoded"


def is_vocoder(config: ConfigDict) -> bool:
    """Return whether a resolved config's generator makes sounds from mel spectrograms."""
    return config.data.medium == "mels"


def evaluate_vocoder(path: Path, config: ConfigDict, output: Path, say: Callable) -> int:
    """Score a run or a file as config.evaluate says; return the exit code."""
    asked = config.evaluate
    if tuple(asked.metrics) != (METRIC,):
        raise ValueError(
            f"evaluate.metrics = {tuple(asked.metrics)}: a vocoder is scored by ('{METRIC}',) "
            "alone: write that"
        )
    if asked.samples < 0 or asked.samples == 1:
        raise ValueError(f"evaluate.samples = {asked.samples}: write 2 or more, or 0 for all")
    checked_seed(asked.seed)
    translator, data = load_translator(path, config), config.data
    records = open_records(asked.reference or data.name, asked.split or data.held_out or data.split)
    count = min(asked.samples or len(records), len(records))
    places = fair_draw(count, len(records), "vocoded", asked.seed)
    metrics, speed = scores(translator, records, places, asked.batch, asked.seed)
    if jax.process_index() == 0:
        facts = protocol(translator, records, places, asked.seed)
        result = append_result(output / "results.jsonl", metrics, facts)
        say(table([result]))
        say(f"{speed:.1f} seconds of sound per second, on {jax.device_count()} device(s)")
        say(f"{output / 'results.jsonl'} holds every number with its protocol")
        if output == path:
            refresh(path)
    return 0


def scores(
    translator: Translator, records: Records, places: np.ndarray, batch: int, seed: int
) -> tuple[dict[str, float], float]:
    """Return the metrics over the windows at `places`, and seconds of sound per second.

    batch: windows per call. The first batch, which compiles, is not timed unless it is alone.
    """
    mel = settings(translator.config.data)
    sums, means, took, made_seconds = np.zeros(2), [], 0.0, 0.0

    def distance(waves: Any, true: np.ndarray) -> float:
        """Return the sum over windows of the distance, for stored or float waves."""
        stored = to_stored(np.asarray(waves)) if waves.dtype != np.int16 else waves
        floats = np.asarray(to_float(Batch(jnp.asarray(stored))).sample)[..., 0]
        return float(np.abs(log_mels(floats, mel) - true).mean((1, 2), dtype=np.float64).sum())

    with (
        Reader(records, translator.medium) as reader,
        Progress("vocoding", len(places), noun="sounds") as progress,
    ):
        for start in range(0, len(places), batch):
            true = reader.read(places[start : start + batch]).condition
            began = time.perf_counter()
            made = translator.translate(true, seed)
            if start or batch >= len(places):
                took += time.perf_counter() - began
                made_seconds += made.shape[0] * made.shape[1] / mel.rate
            sums += distance(made, true), distance(griffin_lim(jnp.asarray(true), mel), true)
            means.append(true)
            progress.add(count=len(true))
    all_true = np.concatenate(means)
    mean = np.abs(all_true - all_true.mean(0, dtype=np.float64)).mean()
    found = dict(zip(("mel_l1", "mel_l1_griffin_lim"), (sums / len(places)).tolist(), strict=True))
    return found | {"mel_l1_mean": float(mean)}, made_seconds / took


def protocol(
    translator: Translator, records: Records, places: np.ndarray, seed: int
) -> dict[str, Any]:
    """Return everything that decided the numbers, as plain JSON values."""
    mel = settings(translator.config.data)
    return {
        "samples": "vocoded windows",
        "count": len(places),
        "step": translator.step,
        "seed": seed,
        "weights": tree_hash(jax.device_get(translator.weights), translator.config.model.to_dict()),
        "averaging": averaging(translator),
        "reference": f"{records.directory.name}/{records.split}",
        "reference_hash": records.content_hash(),
        "window": translator.image_shape[0],
        "mel": mel._asdict(),
        "griffin_lim_rounds": ROUNDS,
        "versions": {
            "jaxgan": jaxgan.__version__,
            "jax": jax.__version__,
            "numpy": np.__version__,
        },
    }
