"""How fast is input read on one core? Ours next to a PyTorch DataLoader and to grain.

    python -m tests.data.benchmark_input FOLDER [--images=2048] [--rounds=7]

Needs torch and grain, and for the fast decoder simplejpeg. Makes images that are smooth as
photographs are (1/f noise), 128 x 128 and 256 x 256, in FOLDER: as JPEG files of quality 90 and as
raw arrays; one file each for PyTorch, the same bytes as records for jaxgan and for grain. For raw
arrays PyTorch also reads one array of all images that is mapped into memory ("mapped"). Every
contender reads all of them four times, in random order, to batches of 64 uint8 images of that size,
in one process with one thread that decodes, pinned to one core. Contenders run by turns, each in a
new process. A row is the median over rounds of images per second of processor time, which holds on
a busy machine, and per second, both after the first time; and of processor time in the first, in
which jaxgan verifies checksums. "of the best" is the median over rounds of ours by the best other
that reads files or records.

Decoders: Pillow, and simplejpeg, which calls libjpeg-turbo as torchvision.io.decode_jpeg does;
torchvision takes part where it can be imported.
"""

import argparse
import io
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

BATCH, SIZES, EPOCHS = 64, (128, 256), 4
KEYS = ("cpu", "wall", "first")
WHO = ("jaxgan", "torch", "grain")
READY = np.empty(0)  # what comes first: all is imported
DECODERS = {"jpeg": ("pillow", "simplejpeg", "torchvision"), "raw": ("raw", "mapped")}


def make_files(folder: Path, size: int, count: int) -> None:
    """Write files, one array and two data sets, once."""
    from jaxgan.data.prepare.write import ImageFormat, finish, shard_path, write_shard

    if (folder / "raw.npy").exists():
        return
    (folder / "files").mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size))
    frequency[0, 0] = 1
    images, files = np.empty((count, size, size, 3), np.uint8), []
    for number in range(count):
        noise = np.fft.rfft2(rng.normal(size=(3, size, size))) / frequency
        image = np.fft.irfft2(noise, (size, size)).transpose(1, 2, 0)
        images[number] = ((image - image.mean()) / image.std() * 50 + 128).clip(0, 255)
        out = io.BytesIO()
        Image.fromarray(images[number]).save(out, "JPEG", quality=90)
        files.append(out.getvalue())
        (folder / "files" / f"{number:06d}.jpg").write_bytes(files[-1])
        images[number].tofile(folder / "files" / f"{number:06d}.raw")
    for name, payloads in (("jpeg", files), ("raw", (x.tobytes() for x in images))):
        made = ImageFormat((size, size, 3), encoding="jpeg" if name == "jpeg" else "zlib")
        path = shard_path(folder / name, "train", 0, 1)
        path.parent.mkdir(exist_ok=True)
        finish(
            folder / name,
            "train",
            made,
            ["x"],
            [write_shard(path, ((p, 0) for p in payloads), made)],
            {},
        )
    description = (
        folder / "raw" / "features.json"
    )  # arrays as they are, which `prepare` never makes
    description.write_text(description.read_text().replace("zlib", "bytes"))
    np.save(folder / "raw.npy", images)


def decoder(name: str) -> Callable[[bytes], np.ndarray]:
    """Return bytes of a JPEG file -> [h, w, 3] uint8."""
    if name == "simplejpeg":
        import simplejpeg

        return simplejpeg.decode_jpeg
    if name == "torchvision":
        import torch
        from torchvision.io import decode_jpeg

        def decode(data: bytes) -> np.ndarray:
            return decode_jpeg(torch.frombuffer(bytearray(data), dtype=torch.uint8)).permute(
                1, 2, 0
            )

        return decode
    return lambda data: np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def jaxgan(folder: Path, kind: str, name: str) -> Iterator[np.ndarray]:
    """Yield the batches of jaxgan's Reader."""
    from jaxgan.data.reader import Reader, prefetch
    from jaxgan.data.records import open_records
    from jaxgan.media import decode
    from jaxgan.media.images import for_features

    if name == "pillow":
        decode.simplejpeg = None
    records = open_records(folder / kind)
    medium = for_features(records.features)
    yield READY
    with (
        Reader(records, medium, (1, 1, BATCH), workers=1, cache_bytes=0) as reader,
        prefetch(reader, 0) as stream,
    ):
        for _ in range(EPOCHS * (len(records) // BATCH)):
            yield next(stream).sample[0, 0]


def torch(folder: Path, kind: str, name: str) -> Iterator[np.ndarray]:
    """Yield the batches of a DataLoader without workers, the cheapest for one core."""
    import torch

    torch.set_num_threads(1)

    class Files(torch.utils.data.Dataset):
        def __init__(self):
            self.paths, self.decode = sorted((folder / "files").glob("*.jpg")), decoder(name)

        def __len__(self):
            return len(self.paths)

        def __getitem__(self, index):
            found = self.decode(self.paths[index].read_bytes())
            if name == "torchvision":
                return found
            return torch.from_numpy(found if found.flags.writeable else found.copy())

    class Raw(torch.utils.data.Dataset):
        def __init__(self):
            self.paths = sorted((folder / "files").glob("*.raw"))

        def __len__(self):
            return len(self.paths)

        def __getitem__(self, index):
            image = np.fromfile(self.paths[index], np.uint8)
            return torch.from_numpy(image.reshape(int(folder.name), -1, 3))

    class Mapped(torch.utils.data.Dataset):
        def __init__(self):
            self.images = np.load(folder / "raw.npy", mmap_mode="r")

        def __len__(self):
            return len(self.images)

        def __getitem__(self, index):
            return torch.from_numpy(np.array(self.images[index]))

    data = {"raw": Raw, "mapped": Mapped}.get(name, Files)()
    loader = torch.utils.data.DataLoader(data, BATCH, shuffle=True, drop_last=True)
    yield READY
    for _ in range(EPOCHS):
        yield from loader


def grain(folder: Path, kind: str, name: str) -> Iterator[np.ndarray]:
    """Yield the batches of a grain pipeline over the records, with one thread."""
    import grain
    from tensorflow_datasets.proto import tf_example_pb2

    size, decode = int(folder.name), decoder(name)

    def array(record: bytes) -> np.ndarray:
        feature = tf_example_pb2.Example.FromString(record).features.feature
        (data,) = feature["image"].bytes_list.value
        if kind == "raw":
            return np.frombuffer(data, np.uint8).reshape(size, size, 3)
        return np.asarray(decode(data))

    source = grain.sources.ArrayRecordDataSource(sorted(map(str, (folder / kind).glob("*record*"))))
    data = grain.MapDataset.source(source).shuffle(seed=0).repeat(EPOCHS).map(array)
    data = data.batch(BATCH, drop_remainder=True)
    yield READY
    yield from data.to_iter_dataset(grain.ReadOptions(num_threads=1))


def measure(who: str, folder: Path, kind: str, name: str, images: int) -> dict[str, float]:
    """Read all images EPOCHS times; return images per processor second and per second.

    images: a multiple of BATCH.
    """
    stream = {"jaxgan": jaxgan, "torch": torch, "grain": grain}[who](folder, kind, name)
    next(stream)  # imports, opening
    begun, count, total = [(_cpu(), time.perf_counter())], 0, 0.0
    for batch in stream:
        assert batch.shape == (BATCH, int(folder.name), int(folder.name), 3)
        count, total = count + BATCH, total + float(batch[:, 0, 0].sum())
        if count == images:
            begun.append((_cpu(), time.perf_counter()))
    (start, _), (middle, wall) = begun
    later = count - images
    return {
        "cpu": later / (_cpu() - middle),
        "wall": later / (time.perf_counter() - wall),
        "first": images / (middle - start),
    }


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def is_there(who: str, name: str) -> bool:
    """Return whether a contender can be imported."""
    package = {"pillow": "PIL", "raw": "numpy", "mapped": "numpy"}.get(name, name)
    command = f"import {who}, {package}" + (", torchvision.io" * (name == "torchvision"))
    if name in ("torchvision", "mapped") and who != "torch":
        return False
    return subprocess.run([sys.executable, "-c", command], capture_output=True).returncode == 0


def main() -> None:
    """Make the files, run everyone by turns, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    flags = parser.parse_args()
    if flags.one:
        who, size, kind, name = flags.one
        print(json.dumps(measure(who, flags.folder / size, kind, name, flags.images)))
        return
    contenders = [(w, k, n) for k in DECODERS for n in DECODERS[k] for w in WHO if is_there(w, n)]
    for size in flags.sizes:
        make_files(flags.folder / str(size), size, flags.images)
    core = min(os.sched_getaffinity(0))
    print(f"{flags.images} images, {flags.rounds} rounds, load {os.getloadavg()[0]:.0f}")
    print(f"{'':34}{'images/CPU s':>14}{'images/s':>10}{'at first':>10}")
    for size in flags.sizes:
        rounds: dict[tuple, list[dict]] = {contender: [] for contender in contenders}
        for _ in range(flags.rounds):
            for contender in contenders:
                command = [sys.executable, "-m", "tests.data.benchmark_input", str(flags.folder)]
                who, kind, name = contender
                command = [
                    "taskset",
                    "-c",
                    str(core),
                    *command,
                    f"--images={flags.images}",
                    "--one",
                    who,
                    str(size),
                    kind,
                    name,
                ]
                out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                rounds[contender].append(json.loads(out.splitlines()[-1]))
        for (who, kind, name), found in rounds.items():
            cpu, *others = (statistics.median(r[key] for r in found) for key in KEYS)
            row = "".join(f"{value:10.0f}" for value in others)
            print(f"{size:4} {kind:5}{who:8}{name:16}{cpu:14.0f}{row}", flush=True)
        for kind in DECODERS:
            same = {c: r for c, r in rounds.items() if c[1] == kind and c[2] != "mapped"}
            ours, others = (
                [r for (who, _, _), r in same.items() if (who == "jaxgan") == mine]
                for mine in (True, False)
            )
            best = {
                key: [
                    [max(r[i][key] for r in side) for i in range(flags.rounds)]
                    for side in (ours, others)
                ]
                for key in ("cpu", "first")
            }
            later, first = (
                statistics.median(a / b for a, b in zip(*both, strict=True))
                for both in best.values()
            )
            print(f"{size:4} {kind:5}of the best{later:27.2f}{first:20.2f}", flush=True)


if __name__ == "__main__":
    main()
