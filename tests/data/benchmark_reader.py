"""How fast are batches read? Ours by threads and by processes, next to a PyTorch DataLoader.

    python tests/data/benchmark_reader.py FOLDER [--images=2000] [--rounds=5]

Needs torch (not a dependency). Makes JPEG files of 256 x 256 (1/f noise, quality 90, some 45 kB) in
FOLDER and a data set of the same bytes; every contender then reads all of them, in random order, to
batches of 64 uint8 images of 128 x 128, with the same box filter. "prepare" makes PNG of 128 x 128
from the files. Contenders run by turns, each in a new process; the median over rounds is printed.
Images per CPU second counts the time of all threads and child processes, so it holds on a busy
machine too; images per second is what a free machine would be judged by.

2026-11-25, `--images=1024 --rounds=3`, 2 cores, everything else on the machine stopped, Pillow
13.0.0, torch 2.13.0, Python 3.11:

                        images/CPU s  images/s
    ours, 1 thread              1262      1297
    ours, 2 threads             1165      2035
    ours, 2 processes           1158      2214
    torch, 0 workers            1125      1125
    torch, 2 workers             950      1809

"prepare" on 2026-11-23, `--rounds=5`, the cores shared with other work (load 5):

    prepare, 1 thread            345       223
    prepare, 2 threads           339       222
    prepare, 2 processes         330       219
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

SIZE, BATCH = 128, 64
CONTENDERS = ("ours, 1 thread", "ours, 2 threads", "ours, 2 processes", "torch, 0 workers")
CONTENDERS += (
    "torch, 2 workers",
    "prepare, 1 thread",
    "prepare, 2 threads",
    "prepare, 2 processes",
)


def make_files(folder: Path, count: int) -> None:
    """Write the JPEG files and the data set, once."""
    from jaxgan.data.prepare.prepare import prepare

    rng = np.random.default_rng(0)
    frequency = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.rfftfreq(256))
    frequency[0, 0] = 1
    (folder / "files").mkdir(parents=True, exist_ok=True)
    for number in range(count):
        path = folder / "files" / f"{number:06d}.jpg"
        if not path.exists():
            noise = np.fft.rfft2(rng.normal(size=(3, 256, 256))) / frequency
            image = np.fft.irfft2(noise, (256, 256)).transpose(1, 2, 0)
            image = (image - image.mean()) / image.std() * 50 + 128
            Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(path, quality=90)
    prepare(folder / "files", folder / "records", format="jpeg", quality=90)


def ours(folder: Path, threads: int, rows: slice = slice(None)) -> float:
    """Read all records with the Reader; return the sum of a few pixels."""
    from jaxgan.data.reader import Reader, prefetch
    from jaxgan.data.records import open_records
    from jaxgan.media.images import for_features

    records = open_records(folder / "records")
    medium, total = for_features(records.features, (SIZE, SIZE)), 0.0
    options = {"rows": rows, "workers": threads, "cache_bytes": 0}
    with (
        Reader(records, medium, (1, 1, BATCH), **options) as reader,
        prefetch(reader, 0) as stream,
    ):
        for _ in range(len(records) // BATCH):
            total += float(next(stream).sample[..., 0, 0, :].sum())
    return total


def torch_loader(folder: Path, workers: int) -> float:
    """Read all files with a DataLoader."""
    import torch

    class Files(torch.utils.data.Dataset):
        def __init__(self):
            self.paths = sorted((folder / "files").glob("*.jpg"))

        def __len__(self):
            return len(self.paths)

        def __getitem__(self, index):
            with Image.open(self.paths[index]) as picture:
                small = picture.convert("RGB").resize((SIZE, SIZE), Image.Resampling.BOX)
            return torch.from_numpy(np.array(small))

    loader = torch.utils.data.DataLoader(Files(), BATCH, shuffle=True, num_workers=workers)
    return sum(float(batch[:, 0, 0].sum()) for batch in loader)


def prepared(folder: Path, threads: int, part: int = 0, parts: int = 1) -> None:
    """Prepare a part of the files to PNG of 128 x 128."""
    from jaxgan.data.prepare.prepare import prepare

    with tempfile.TemporaryDirectory(dir=folder) as place:
        labels = Path(place) / "labels.csv"
        names = sorted(file.name for file in (folder / "files").iterdir())[part::parts]
        labels.write_text("".join(f"{name},x\n" for name in names))
        prepare(folder / "files", f"{place}/out", SIZE, 3, 8, labels=labels, workers=threads)


def run(name: str, folder: Path) -> dict:
    """Run one contender in this process; return its wall and CPU seconds, imports left out."""
    who, number = name.split(", ")[0], int(name.split(", ")[1].split()[0])
    if who == "torch":
        import torch

        torch.set_num_threads(1)  # as its workers do; else stacking spins on the other cores
    else:
        import jaxgan.data.prepare.prepare
        import jaxgan.data.reader  # noqa: F401
    cpu, wall = _cpu(), time.perf_counter()
    if who == "torch":
        torch_loader(folder, number)
    elif who == "prepare" and "processes" in name:
        with ProcessPoolExecutor(number) as pool:  # each prepares its part, none sends anything
            parts = range(number), [number] * number
            list(pool.map(prepared, [folder] * number, [1] * number, *parts))
    elif who == "prepare":
        prepared(folder, number)
    elif "processes" in name:
        share = BATCH // number
        with ProcessPoolExecutor(number) as pool:  # each reads its rows and keeps them
            parts = [slice(i * share, (i + 1) * share) for i in range(number)]
            list(pool.map(ours, [folder] * number, [1] * number, parts))
    else:
        ours(folder, number)
    return {"wall": time.perf_counter() - wall, "cpu": _cpu() - cpu}


def _cpu() -> float:
    usages = [resource.getrusage(r) for r in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main() -> None:
    """Make the files, run everyone by turns, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    flags = parser.parse_args()
    if flags.one:
        print(json.dumps(run(flags.one, flags.folder)))
        return
    make_files(flags.folder, flags.images)
    results = {name: [] for name in CONTENDERS}
    for _ in range(flags.rounds):
        for name in CONTENDERS:
            command = [sys.executable, __file__, str(flags.folder), "--one", name]
            out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            results[name].append(json.loads(out.splitlines()[-1]))
    done = flags.images // BATCH * BATCH
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}")
    print(f"{'':20}{'images/CPU s':>14}{'images/s':>10}")
    for name, rounds in results.items():
        cpu, wall = (statistics.median(done / r[key] for r in rounds) for key in ("cpu", "wall"))
        print(f"{name:20}{cpu:14.0f}{wall:10.0f}")


if __name__ == "__main__":
    main()
