"""The pictures of pages in docs/, taken in a headless Chromium:

    python -m tests.demos.screenshots explore fashion docs/explore.png
    python -m tests.demos.screenshots report runs/quickstart/report.html docs/report.png

Of the explorer two pinned pictures and one with strokes on it, not applied yet; of a report all of
it. --width=360 or 820 shows what a phone or a tablet does.
"""

import argparse
import base64
import json
import tempfile
import threading
from pathlib import Path

from jaxgan.trained.explore.server import TRUNCATIONS, Explorer, serve
from jaxgan.trained.load import load_generator
from jaxgan.trained.places import place as path_of
from tests.trained.explore.chromium import Browser

SET = """(() => {{ const x = document.getElementById('{0}'); x.value = {1};
x.dispatchEvent(new Event('input')) }})()"""
STROKES = ((0.3, 0.4, 0.7), (0.3, 0.6, 0.7))  # from x, y to x, in shares of the picture


def explorer_page(model: str, target: Path, width: int) -> None:
    """Open the explorer on a model, choose, pin, paint."""
    g = load_generator(path_of(model))
    if g.truncations is None:
        g = g.tabulated(TRUNCATIONS if g.config.prior == "normal" else (0.0,))
    with serve(Explorer(g, model), "localhost", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            url = f"http://localhost:{server.server_port}/"
            with Browser(url, Path(profile)) as page:
                resize(page, width, 760)
                use(page)
                save(page, target, width)
        server.shutdown()


def use(page: Browser) -> None:
    """Pin two classes, choose a third with a direction, paint two strokes."""
    page.wait_for("document.body.dataset.done")
    for label, seed, pin in ((9, 7, "A"), (0, 3, "B"), (2, 5, "")):
        for name, value in (("class", label), ("seed", seed), ("truncation", 0.7)):
            change(page, name, value)
        if pin:
            page.evaluate(f"document.getElementById('pin{pin}').click()")
            page.wait_for(f"document.getElementById('{pin.lower()}').naturalWidth")
    change(page, "d1", 1.0)
    page.evaluate("document.getElementById('width').value = 3")
    page.evaluate("document.getElementById('colour').value = '#303030'")
    page.evaluate("document.getElementById('strokes').scrollIntoView({block: 'nearest'})")
    box = json.loads(
        page.evaluate("JSON.stringify(document.getElementById('strokes').getBoundingClientRect())")
    )
    for left, top, right in STROKES:
        for kind, x in (("mousePressed", left), ("mouseMoved", right), ("mouseReleased", right)):
            place = {"x": box["left"] + x * box["width"], "y": box["top"] + top * box["height"]}
            page.call("Input.dispatchMouseEvent", type=kind, button="left", buttons=1, **place)
    page.evaluate("document.activeElement.blur()")


def change(page: Browser, name: str, value: float) -> None:
    """Set an input and wait for the picture that follows."""
    if float(page.evaluate(f"document.getElementById('{name}').value")) == value:
        return
    before = page.evaluate("document.body.dataset.done")
    page.evaluate(SET.format(name, value))
    page.wait_for(f"document.body.dataset.done != {before!r}")


def report_page(report: str, target: Path, width: int) -> None:
    """Open a report."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        Browser(Path(report).absolute().as_uri(), Path(profile)) as page,
    ):
        resize(page, width, 760)
        save(page, target, width)


def resize(page: Browser, width: int, height: int) -> None:
    page.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
              deviceScaleFactor=1, mobile=width < 700)  # fmt: skip


def save(page: Browser, target: Path, width: int) -> None:
    """Save the whole page; say what is wider than it."""
    height = page.evaluate(
        "Math.ceil(document.querySelector('main').getBoundingClientRect().bottom)"
    )
    found = page.evaluate("document.documentElement.scrollWidth")
    page.evaluate("scrollTo(0, 0)")
    clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
    answer = page.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
    target.write_bytes(base64.b64decode(answer["data"]))
    print(f"{target}: {width} x {height}" + f", but the page is {found} wide" * (found > width))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("page", choices=("explore", "report"))
    parser.add_argument("source", help="a model, or report.html")
    parser.add_argument("target", type=Path)
    parser.add_argument("--width", type=int, default=1180)
    flags = parser.parse_args()
    take = {"explore": explorer_page, "report": report_page}[flags.page]
    take(flags.source, flags.target, flags.width)


if __name__ == "__main__":
    main()
