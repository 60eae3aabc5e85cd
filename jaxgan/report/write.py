"""`jaxgan report`: from work directories to one HTML file."""

import html
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jaxgan.report.charts as charts
from jaxgan.files import desk
from jaxgan.files.atomic import check_output, write_bytes
from jaxgan.report import sections, tables
from jaxgan.report.page import SCRIPT, page
from jaxgan.report.runs import RunFacts, read_run, unique_names
from jaxgan.report.samples import embedded, picture, reel

MOST_BYTES = 5_000_000
IMAGE_BYTES = 3_600_000  # of these, for pictures; the rest is for curves, tables and style
MOST_REEL = 900_000  # for sounds and films


def write_report(workdirs: Sequence[Path], output: Path) -> int:
    """Write the report of one or several runs; return its size in bytes.

    Raises FileNotFoundError or ValueError for a directory that is not a run's.
    """
    runs = [
        read_run(Path(workdir), name)
        for workdir, name in zip(workdirs, unique_names(list(workdirs)), strict=True)
    ]
    data = report_page(runs).encode()
    write_bytes(output, data)
    return len(data)


def report_page(runs: list[RunFacts]) -> str:
    """Return the report's HTML."""
    budget = IMAGE_BYTES * 3 // 4 // len(runs)
    sheets = [embedded(run.samples, budget) for run in runs]
    parts = [
        ("Samples", sections.sample_slider(runs, sheets) + _played(runs)),
        ("Training", sections.training(runs)),
        ("Scores", tables.scores(runs)),
        ("Warnings and restarts", tables.warnings(runs)),
        ("Life of the run", tables.lives(runs)),
        ("Pictures", _pictures(runs)),
        ("Settings", tables.settings(runs)),
        ("Repeat this run", "".join(_again(run, len(runs) > 1) for run in runs)),
    ]
    title = " and ".join(run.name for run in runs)
    heads = "".join(sections.headline(run, i, len(runs) > 1) for i, run in enumerate(runs))
    body = f'<h1>{html.escape(title)}</h1><p>Training report</p><div class="runs">{heads}</div>'
    body += "".join(f"<h2>{name}</h2>{content}" for name, content in parts if content)
    body += "<footer>Written by jaxgan. Everything is in this one file.</footer>"
    return page(title, body, SCRIPT % (charts.LEFT, charts.RIGHT, charts.WIDTH))


def refresh(workdir: Path) -> None:
    """Write workdir/report.html of a run in progress; if this fails, the training goes on."""
    try:
        write_report([workdir], workdir / "report.html")
    except Exception as error:
        print(f"report.html is not refreshed: {error}", flush=True)


class Refresher:
    """Refreshes a report in the background of a training. Use `with`.

    If it is called again while it writes, it writes once more afterwards; when the block ends the
    report is complete.
    """

    def __init__(self, workdir: Path):
        self._workdir, self._pool, self._job = workdir, ThreadPoolExecutor(1), None

    def __enter__(self) -> "Refresher":
        return self

    def __call__(self) -> None:
        if self._job is None or self._job.running() or self._job.done():  # else one is pending
            self._job = self._pool.submit(refresh, self._workdir)

    def __exit__(self, *_: Any) -> None:
        self()
        self._pool.shutdown()


def report(workdirs: Sequence[Path], output: Path | None) -> int:
    """Write a report and print where; return the exit code."""
    if not workdirs:
        raise ValueError("no run is named: write jaxgan report WORKDIR [WORKDIR ...]")
    for workdir in workdirs:
        if workdir.exists() and not workdir.is_dir():
            raise ValueError(f"{workdir} is a file: write the directory of a training run")
    own = workdirs[0] / "report.html"
    replaced = check_output(output or own, endings=(".html", ".htm"))
    size = write_report(workdirs, output or own)
    desk.push(own)
    line = f"{output or desk.with_urls(str(own))}: {size / 1e6:.1f} MB, opens in any browser"
    print(line + (replaced if output else ""))  # its own page is refreshed all the time
    return 0


def _pictures(runs: list[RunFacts]) -> str:
    """Return other pictures of the work directories: directions, inversions, neighbours."""
    found = [(run, path) for run in runs for path in run.pictures][:12]
    figures = []
    for run, path in found:
        data = picture(path, IMAGE_BYTES // 4 // len(found))
        name = f"{run.name}: {path.stem}" if len(runs) > 1 else path.stem.capitalize()
        if data:
            figures.append(
                f'<figure class="samples"><figcaption>{html.escape(name)}</figcaption>'
                f'<img src="{data}" alt="{html.escape(name)}"></figure>'
            )
    return "".join(figures)


def _played(runs: list[RunFacts]) -> str:
    """Return the newest samples of each run as a sound or a film, for media that have these."""
    figures = []
    for run in runs:
        data = reel(run.reels[max(run.reels)], MOST_REEL // len(runs)) if run.reels else ""
        if data:
            title = f"{html.escape(run.name)}, " if len(runs) > 1 else ""
            step = f"step {max(run.reels):,}"
            sound = data.startswith("data:audio")
            rows = ": the first of each row" if sound else ""
            tag = f'<audio controls src="{data}">' if sound else f'<img src="{data}" alt="{step}">'
            figures.append(
                f'<figure class="played"><figcaption>{title}{step}{rows}</figcaption>{tag}'
                f"{'</audio>' if sound else ''}</figure>"
            )
    return "".join(figures)


def _again(run: RunFacts, named: bool) -> str:
    title = f"<h3>{html.escape(run.name)}</h3>" if named else ""
    text = html.escape(tables.reproduction(run))
    return f'<div>{title}<pre>{text}</pre><button class="copy">Copy</button></div>'
