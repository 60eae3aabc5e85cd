"""Does the size of a data set matter? Time to the first batch, memory, open files, to 10^9 images.

    python tests/data/benchmark_size.py FOLDER [--batch=2048] [--sizes 1000000 ...] [--kinds ...]

Makes one file of 10^6 tiny images in FOLDER and data sets whose files are links to it: 10^9 images
are 1,000 files, all of them read as files of their own. Each row is a new process that opens the
data set, and reads the batch of a step in the middle of the second epoch. "watch" finds the images
that the watch looks at, by a file of labels. "order" is the batch's 2,048 indices alone; "array" is
the same by an array of the epoch's order, as for small data sets. "balanced" is the same with
data.class_balanced, of 1,000 classes; "again" is another batch of it. "reference" draws 50,000 of
the images and hashes all labels, as `jaxgan evaluate` does. Memory is what the most resident memory
grew by; files are those that are open at the end.

2026-11-29, one core, other work beside it (load 12; of the last three kinds 5), Python 3.11. When
10^9 was measured 1,024 shards could be open, and labels of the watch's rows were all 0:

          images                 seconds      GB  files
         1000000   first batch     1.057   0.028      7
         1000000         watch     0.061   0.011      6
         1000000         order     0.001   0.000      4
         1000000         array     0.227   0.020      4
        10000000   first batch     2.349   0.220     16
        10000000         watch     0.172   0.019      6
        10000000         order     0.006   0.000      4
        10000000         array     4.128   0.200      4
       100000000   first batch     1.212   0.036    106
       100000000         watch     1.290   0.019      6
       100000000         order     0.001   0.000      4
       100000000         array    63.241   2.001      4
         1000000      balanced     0.240   0.013      5
         1000000         again     0.021   0.000      5
         1000000     reference     0.631   0.015      5
        10000000      balanced     1.214   0.042      5
        10000000         again     0.035   0.005      5
        10000000     reference     1.908   0.040      5
       100000000      balanced     1.365   0.081      5
       100000000         again     0.423   0.003      5
       100000000     reference     3.392   0.093      5
      1000000000   first batch     4.510   0.231    873
      1000000000         watch    12.476   0.020      6
      1000000000         order     0.001   0.000      4
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

FILE = 10**6
SIZES = (10**6, 10**7, 10**8, 10**9)
SHAPE, CLASSES = (4, 4, 1), 1000
KINDS = ("first batch", "watch", "order", "array", "balanced", "again", "reference")


def make_file(folder: Path) -> Path:
    """Write the file that all data sets link to, once; return it."""
    from jaxgan.data.prepare.write import ImageFormat, shard_path, write_shard

    made = ImageFormat(SHAPE)
    path = shard_path(folder / "one", "train", 0, 1)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        images = [made.encode(np.full(SHAPE, value, np.uint8)) for value in range(100)]
        write_shard(path, ((images[i % 100], i % 10) for i in range(FILE)), made)
    return path


def make_set(folder: Path, size: int) -> Path:
    """Make a data set of links; return its directory."""
    from jaxgan.data.prepare.write import ImageFormat, ShardReport, finish, shard_path
    from jaxgan.data.records import MANIFEST, labels_file
    from jaxgan.files.atomic import sha256

    directory = folder / f"n{size}"
    if (directory / "dataset_info.json").exists():
        return directory
    directory.mkdir(parents=True, exist_ok=True)
    path, count = make_file(folder), size // FILE
    for number in range(count):
        target = shard_path(directory, "train", number, count)
        if not target.exists():
            target.hardlink_to(path)
    report = ShardReport([0], 1, "", path.stat().st_size)
    finish(directory, "train", ImageFormat(SHAPE), map(str, range(CLASSES)), [report], {})
    info = directory / "dataset_info.json"  # `finish` has written one file with one image
    values = json.loads(info.read_text())
    values["splits"][0]["shardLengths"] = [str(FILE)] * count
    info.write_text(json.dumps(values))
    labels, manifest = directory / labels_file("train"), directory / MANIFEST
    with labels.open("wb") as file:
        header = {"descr": "<u2", "fortran_order": False, "shape": (size,)}
        np.lib.format.write_array_header_1_0(file, header)
        rng = np.random.default_rng(0)
        for _ in range(count):
            file.write(rng.integers(0, CLASSES, FILE).astype("<u2").tobytes())
    values = json.loads(manifest.read_text())
    values["labels"] = {"file": labels.name, "sha256": sha256(labels)}
    manifest.write_text(json.dumps(values))
    return directory


def measure(kind: str, folder: Path, size: int, batch: int) -> dict[str, float]:
    """Return seconds and GB of one row, without imports."""
    from jaxgan.data import labels, order, reader, records
    from jaxgan.evaluate import images
    from jaxgan.media.images import for_features
    from jaxgan.training import watch

    places = size + size // 2 + np.arange(batch)
    before, start = held(), time.perf_counter()
    if kind == "order":
        order.epoch_order(size, 0)(places)
    elif kind == "array":
        order.permutation(size, 0, "epoch", 1)[places - size]
    elif kind in ("balanced", "again"):
        balanced = order.balanced_order(
            records.open_records(make_set(folder, size)).stored_labels(), 0
        )
        balanced(places)
        if kind == "again":
            before, start = held(), time.perf_counter()
            balanced(places + batch)
    elif kind == "reference":
        known = records.open_records(make_set(folder, size)).stored_labels()
        images.identity("", known, (), SHAPE)
        labels.labels_at(known, order.stratified(known, 50_000, "evaluate", 0))
    elif kind == "watch":
        opened = records.open_records(make_set(folder, size))
        sizes = labels.class_sizes(opened.stored_labels(), CLASSES)
        watch.drawn(opened, {0: int(sizes[0])}, 32)
    else:
        opened = records.open_records(make_set(folder, size))
        medium, step = for_features(opened.features, None), (size + size // 2) // batch
        with reader.Reader(opened, medium, (1, 1, batch), workers=2) as read:
            read(step)
    seconds, files = time.perf_counter() - start, len(os.listdir("/proc/self/fd"))
    return {"seconds": seconds, "gb": held() - before, "files": files}


def held() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def main() -> None:
    """Make the data sets, measure every row in its own process, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--batch", type=int, default=2048)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--kinds", nargs="+", default=KINDS)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    flags = parser.parse_args()
    if flags.one:
        print(json.dumps(measure(flags.one[0], flags.folder, int(flags.one[1]), flags.batch)))
        return
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}, batch {flags.batch}")
    print(f"{'images':>12}{'':>14}{'seconds':>10}{'GB':>8}{'files':>7}")
    for size in flags.sizes:
        make_set(flags.folder, size)
        for kind in flags.kinds:
            if kind == "array" and size > 10**8:
                continue  # 16 GB
            command = [sys.executable, __file__, str(flags.folder), f"--batch={flags.batch}"]
            out = subprocess.run(
                [*command, "--one", kind, str(size)], check=True, capture_output=True, text=True
            ).stdout
            found = json.loads(out.splitlines()[-1])
            row = f"{found['seconds']:10.3f}{found['gb']:8.3f}{found['files']:7}"
            print(f"{size:12}{kind:>14}{row}", flush=True)


if __name__ == "__main__":
    main()
