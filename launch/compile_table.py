"""Make launch/compile_table.json and .md: full-size training steps on TPU slices and NVIDIA cards.

    python launch/compile_table.py                      every entry that is not in the table yet
    python launch/compile_table.py --only='biggan.*128' those whose name matches
    python launch/compile_table.py --again --only=...   compile them once more
    python launch/compile_table.py --render             the page from the numbers that are there

Nothing runs; a machine without a TPU or a card is enough (pip install 'jaxgan[tpu]'
jax-cuda13-plugin). An entry takes one to five minutes of one core and 2 GiB of memory; each is
saved as it is done, so the script can be stopped and continued.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
GIB = 2**30

# At the paper's batch, on slices of two sizes each.
MODELS = {
    "biggan 128": "biggan_imagenet128",
    "biggan 256": "biggan_imagenet256",
    "biggan 512": "biggan_imagenet512",
    "biggan_deep 128": "biggan_deep_imagenet128",
    "biggan_deep 256": "biggan_deep_imagenet256",
    "biggan_deep 512": "biggan_deep_imagenet512",
    "logan 128": "logan_imagenet128",
}
SLICES = ("v5e:8x8", "v5e:16x16", "v5p:4x4x4", "v5p:4x4x8")
# Clips, at the paper's batch of 512 on one slice: frames x side, and config.
CLIPS = {"dvdgan 12x128": "dvdgan.py"}
CARDS = "h100:4x8"  # four machines, 64 images a card
# Weak scaling: 32 images a chip, from 8 chips to 256.
WEAK = ("v5e:2x4", "v5e:4x4", "v5e:4x8", "v5e:8x8", "v5e:8x16", "v5e:16x16")
# What does not fit, with each of the remedies that it names.
TOO_LARGE = "biggan_deep 512, batch 2048, v5e:8x8"
REMEDIES = ("model.remat=True", "train.microbatches=2")
# What a penalty costs: both of R3GAN's, R1 alone, and R1's expectation without second derivatives.
PENALTIES = ("r1_r2", "r1", "finite_difference")


def chips(topology: str) -> int:
    count = 1
    for side in topology.partition(":")[2].split("x"):
        count *= int(side)
    return count


def entries() -> dict[str, list[str]]:
    """Return {name: flags of `jaxgan compile`}."""
    found = {}
    for model, config in MODELS.items():
        for topology in (*SLICES, CARDS):
            flags = [f"--config=configs/{config}.py", f"--topology={topology}"]
            found[f"{model}, batch 2048, {topology}"] = [*flags, "--config.train.batch=2048"]
    for topology in WEAK:
        flags = ["--config=configs/biggan_imagenet128.py", f"--topology={topology}"]
        batch = f"--config.train.batch={32 * chips(topology)}"
        found[f"biggan 128, 32 images a chip, {topology}"] = [*flags, batch]
    for field in REMEDIES:
        found[f"{TOO_LARGE}, {field}"] = [*found[TOO_LARGE], f"--config.{field}"]
    for model, config in CLIPS.items():
        flags = [f"--config=configs/{config}", "--topology=v5e:8x16"]
        found[f"{model}, batch 512, v5e:8x16"] = flags
    for penalty in PENALTIES:
        flags = ["--config=configs/r3gan.py:imagenet64", "--topology=v5e:16x16"]
        name = f"r3gan imagenet64, batch 4096, v5e:16x16, penalty.name={penalty}"
        found[name] = [*flags, f"--config.penalty.name={penalty}"]
    return found


def command(flags: list[str]) -> str:
    return " ".join(["jaxgan compile", *flags])


def compiled(flags: list[str]) -> dict:
    """Return the report of one entry, made by a process of its own: memory is given back."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "report.json"
        process = [sys.executable, "-m", "jaxgan", "compile", *flags, f"--json={output}"]
        done = subprocess.run(process, capture_output=True, text=True, cwd=HERE.parent)
        if not output.exists():  # exit code 1 also says "does not fit"
            raise SystemExit(done.stderr.strip() or f"{command(flags)}: {done.returncode}")
        return json.loads(output.read_text()) | {"command": command(flags)}


def megabytes(report: dict, kind: str) -> str:
    entry = report.get("collectives", {}).get(kind)
    return f"{entry['bytes'] / 1e6:,.0f} ({entry['count']})" if entry else "-"


def row(name: str, report: dict) -> str:
    size = report["bytes"]
    cells = [name, str(report["batch_a_device"]), f"{size['state'] / GIB:.2f}"]
    cells += [f"{size['temporaries'] / GIB:.2f}" if "temporaries" in size else "-"]
    cells += [f"{size['peak'] / GIB:.2f} of {size['capacity'] / GIB:.0f}"]
    if "flops" in report:
        seconds = report["seconds"]
        cells += [f"{report['flops'] / 1e12:.2f}", f"{report['traffic'] / 1e9:.1f}"]
        cells += [f"{report['launches']:,}"] if is_of_cards(report) else []
        cells += [megabytes(report, kind) for kind in ("all-reduce", "all-gather")]
        times = " / ".join(f"{1e3 * seconds[k]:.0f}" for k in ("compute", "memory", "network"))
        cells += [times, f"{report['images_per_second']:,.0f}"]
    else:
        cells += ["-"] * (6 + is_of_cards(report))
    cells.append("fits" if report["fits"] else f"no: {'; '.join(report['remedies'])}")
    return f"| {' | '.join(cells)} |"


def is_of_cards(report: dict) -> bool:
    return report["topology"] == CARDS


def table(reports: dict[str, dict], cards: bool) -> list[str]:
    """Return the lines of a table in Markdown, of TPU slices or of cards."""
    heads = ["step", "images per device", "state GiB", "temporaries GiB", "peak GiB", "TFLOP"]
    heads += ["traffic GB", *(["kernel launches"] if cards else [])]
    heads += ["all-reduce MB (count)", "all-gather MB (count)"]
    heads += ["compute / memory / network ms", "images/s at most", "fits"]
    rows = [row(name, report) for name, report in reports.items() if is_of_cards(report) == cards]
    return [f"| {' | '.join(heads)} |", "|" + " --- |" * len(heads), *rows]


def page(reports: dict[str, dict]) -> str:
    """Return the tables in Markdown."""
    lines = [
        "# Training steps, compiled for TPU slices and NVIDIA cards on a machine without them",
        "",
        "Made by `python launch/compile_table.py`; compile_table.json has each row's command. All",
        "figures are for one device and one step, as stated by the compiler. Times are bounds from",
        "published peak figures (jaxgan/planning/chips.py), not measurements. Operations count",
        "matrix products and convolutions.",
        "",
        "## TPU slices",
        "",
        "The peak excludes machine code, 0.2 to 0.5 GiB.",
        "",
        *table(reports, cards=False),
        "",
        "## NVIDIA cards",
        "",
        "Four machines with eight H100 (80 GB, SXM) each; jaxgan uses nine tenths of a card's",
        "memory. The peak excludes cuDNN's work space. The network bound is NVLink's: between",
        "machines it is slower.",
        "",
        *table(reports, cards=True),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="regular expression of names")
    parser.add_argument("--again", action="store_true", help="also what is in the table")
    parser.add_argument("--render", action="store_true", help="compile nothing")
    parser.add_argument("--output", type=Path, default=HERE / "compile_table.json")
    parser.add_argument("--set", nargs="*", default=[], help="further flags for every entry")
    options = parser.parse_args()
    reports = json.loads(options.output.read_text()) if options.output.exists() else {}
    for name, flags in entries().items():
        wanted = re.search(options.only, name) and (options.again or name not in reports)
        if options.render or not wanted:
            continue
        flags = [*flags, *options.set]
        same = [r for r in reports.values() if r["command"] == command(flags)]
        if same and not options.again:  # weak scaling passes through the paper's batch
            reports[name] = same[0]
        else:
            print(f"compiling {name} ...", flush=True)
            reports[name] = compiled(flags)
        ordered = {n: reports[n] for n in entries() if n in reports}
        options.output.write_text(json.dumps(ordered, indent=1) + "\n")
        reports = ordered
    options.output.with_suffix(".md").write_text(page(reports))


if __name__ == "__main__":
    main()
