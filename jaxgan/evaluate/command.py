"""`jaxgan evaluate`: samples of a run against real images, as one line of results.jsonl."""

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from ml_collections import ConfigDict

from jaxgan.checkpoints import Checkpoints
from jaxgan.compiler import cache_folder
from jaxgan.data.reader import Reader
from jaxgan.data.records import Records, open_records
from jaxgan.evaluate.extractors import extractor_by_name
from jaxgan.evaluate.features import extract
from jaxgan.evaluate.recognition import recognition
from jaxgan.evaluate.results import append_result, protocol, read_results, table
from jaxgan.evaluate.score import METRICS, score
from jaxgan.evaluate.statistics import cached_features
from jaxgan.run import Run, abstract_state, load_run
from jaxgan.sample import Sampler, to_uint8

Batches = Iterator[tuple[np.ndarray, np.ndarray]]  # images [n, h, w, c] in [-1, 1], labels [n]


def content_hash(records: Records) -> str:
    """Return a hash of all records' bytes in order: from the manifest, else computed."""
    manifest = records.manifest()
    if manifest and len(records) == manifest["num_images"]:
        return manifest["content_hash"]
    digest = hashlib.sha256()
    for start in range(0, len(records), 1024):
        for data, _ in records.read(range(start, min(start + 1024, len(records)))):
            digest.update(hashlib.sha256(data).digest())
    return digest.hexdigest()


def real_batches(records: Records, size: tuple[int, int], batch: int) -> Batches:
    """Yield every image of a data set once, in stored order, at the size of the samples."""
    with Reader(records, (1, 1, batch), 0, size) as reader:
        for start in range(0, len(records), batch):
            found = reader.read(np.arange(start, min(start + batch, len(records))))
            yield found["images"].astype(np.float32) / 127.5 - 1.0, found["labels"]


def fake_batches(run: Run, sampler: Sampler, variables, count: int, batch: int) -> Batches:
    """Yield `count` samples with labels that go round the classes, rounded to 8 bits."""
    seed = run.config.evaluate.seed
    for start in range(0, count, batch):
        indices = np.arange(start, start + batch)
        labels = (indices % run.num_classes).astype(np.int32)
        images = to_uint8(sampler.images(variables, seed, indices, labels))[: count - start]
        yield images.astype(np.float32) / 127.5 - 1.0, labels[: count - start]


def evaluate(workdir: Path, config: ConfigDict) -> int:
    """Score the newest checkpoint as config.evaluate says; return the exit code."""
    settings, began = config.evaluate, time.perf_counter()
    known = (*METRICS, "recognition")
    unknown = [name for name in settings.metrics if name not in known]
    if unknown or not settings.metrics:
        raise ValueError(f"evaluate.metrics: {unknown} unknown; write some of {', '.join(known)}")
    run = load_run(workdir, config)
    records = open_records(settings.reference or config.data.name, config.data.split)
    sampler = Sampler(run)
    with Checkpoints(workdir / "checkpoints") as checkpoints:
        state = checkpoints.restore_newest(abstract_state(run))
    step, variables = int(state.step), sampler.prepare(state, settings.seed)
    fakes = list(fake_batches(run, sampler, variables, settings.samples, settings.batch))
    print(f"{settings.samples} samples of step {step} after {time.perf_counter() - began:.0f}s")

    shape = fakes[0][0].shape[1:]  # an encoder may see more than the generator makes
    found: dict[str, float] = {}
    classes: list[float] = []
    features = tuple(name for name in settings.metrics if name != "recognition")
    if features:
        extractor = extractor_by_name(settings.extractor, settings.weights_file or None)
        digest = content_hash(records)
        reference = cached_features(
            cache_folder() / "statistics",
            f"{digest}-{shape}",
            extractor,
            lambda: extract(
                real_batches(records, shape[:2], settings.batch), extractor, mesh=run.mesh
            ),
        )
        found |= score(fakes, reference, extractor, features, mesh=run.mesh, seed=settings.seed)
    if "recognition" in settings.metrics:
        real = join(real_batches(records, shape[:2], settings.batch))
        values = recognition(real, join(fakes), run.num_classes)
        classes = values.pop("recognised_classes")
        found |= values
    append_result(
        workdir / "results.jsonl",
        found,
        protocol(
            extractor if features else None,
            reference=f"{settings.reference or config.data.name}/{config.data.split}",
            reference_hash=content_hash(records),
            count=settings.samples,
            reference_count=len(records),
            seed=settings.seed,
            averaging=f"ema {config.average.decay}",
            truncation=config.sample.truncation or None,
            truncation_definition=config.sample.truncation_definition
            if config.sample.truncation
            else None,
            standing_statistics=f"{config.sample.standing_batches} batches of "
            f"{config.sample.standing_batch}",
            step=step,
        ),
    )
    print(table(read_results(workdir / "results.jsonl")))
    if classes:
        names = config.data.class_names
        rows = (f"{name} {share:.0%}" for name, share in zip(names, classes, strict=True))
        print(f"recognised by class: {', '.join(rows)}")
    print(f"{workdir / 'results.jsonl'} holds every number with its protocol")
    return 0


def join(batches: Batches) -> tuple[np.ndarray, np.ndarray]:
    """Return all images and labels of an iterator of batches."""
    images, labels = zip(*batches, strict=True)
    return np.concatenate(images), np.concatenate(labels)
