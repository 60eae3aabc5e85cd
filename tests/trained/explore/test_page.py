"""The explorer's page in a real browser: sliders change the picture, quickly."""

import json
import os
import threading
import time
from pathlib import Path

import pytest
from PIL import Image

from jaxgan.trained import explore
from jaxgan.trained.explore.server import Explorer
from tests.tiny import tiny_tabulated
from tests.trained.explore.chromium import Browser, executable

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(executable() is None, reason="no chromium here"),
]
MOVE = """(() => {{ const x = document.getElementById('{0}'); x.value = {1};
x.dispatchEvent(new Event('input')); return x.value }})()"""


def test_sliders_change_the_picture(tmp_path):
    explorer = Explorer(tiny_tabulated(), "tiny")
    with explore.serve(explorer, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            with Browser(f"http://127.0.0.1:{server.server_port}/", tmp_path / "profile") as page:
                play(page, tmp_path)
        finally:
            server.shutdown()
            thread.join()


KEY = """document.getElementById('strokes').dispatchEvent(
new KeyboardEvent('keydown', {{key: '{0}', bubbles: true}}))"""
OPAQUE = """(c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data
.filter((v, i) => i % 4 == 3 && v).length)(document.getElementById('strokes'))"""


def paint(page: Browser) -> None:
    """Strokes by the keyboard, then by the mouse; the server's answer is shown in their place."""
    page.evaluate("document.getElementById('strokes').focus()")
    page.evaluate("document.getElementById('width').value = 2")
    assert page.evaluate(OPAQUE) == 0 and page.evaluate("document.getElementById('apply').disabled")
    for key in ("ArrowLeft", "ArrowUp", " "):
        page.evaluate(KEY.format(key))
    assert page.evaluate(OPAQUE) == 4  # a dab of 2 x 2
    for key in ("ArrowLeft", "ArrowLeft", " "):
        page.evaluate(KEY.format(key))
    assert page.evaluate(OPAQUE) == 8
    corner = "document.getElementById('strokes').getBoundingClientRect()"
    left, top, side = (page.evaluate(f"{corner}.{name}") for name in ("left", "top", "width"))
    at = {"y": top + 0.9 * side, "button": "left", "buttons": 1}
    move = lambda kind, x: page.call("Input.dispatchMouseEvent", type=kind, x=left + x * side, **at)
    for kind, x in (("mousePressed", 0.2), ("mouseMoved", 0.8), ("mouseReleased", 0.8)):
        move(kind, x)
    assert page.evaluate(OPAQUE) >= 16  # a line across
    page.evaluate("document.getElementById('apply').click()")
    page.wait_for("document.body.dataset.done.startsWith('edit?')")
    assert page.evaluate("document.getElementById('error').textContent") == ""
    assert page.evaluate("document.getElementById('strokes').className") == "applied"
    page.evaluate("document.getElementById('clear').click()")
    page.wait_for("document.body.dataset.done.startsWith('image?')")
    assert page.evaluate(OPAQUE) == 0 and page.evaluate("document.getElementById('apply').disabled")


def test_the_page_fits_a_phone(tmp_path):
    explorer = Explorer(tiny_tabulated(), "tiny")
    with explore.serve(explorer, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}/"
            with Browser(url, tmp_path / "profile", (500, 900)) as page:
                page.call("Emulation.setDeviceMetricsOverride", width=360, height=740,
                          deviceScaleFactor=2, mobile=True)  # fmt: skip
                page.wait_for("document.body.dataset.done")
                assert page.evaluate("innerWidth") == 360
                assert page.evaluate("document.documentElement.scrollWidth") <= 360
                box = "document.getElementById('{}').getBoundingClientRect().right"
                for name in ("strokes", "apply", "clear", "width"):
                    assert 0 < page.evaluate(box.format(name)) <= 360, name
                target = Path(os.environ.get("JAXGAN_SCREENSHOTS", tmp_path)) / "phone.png"
                page.screenshot(target)
        finally:
            server.shutdown()
            thread.join()


def appears(path: Path) -> Path:
    end = time.monotonic() + 60
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.05)
    return path


def play(page: Browser, folder: Path) -> None:
    page.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
    page.wait_for("document.body.dataset.done")
    assert page.evaluate("document.getElementById('class').options[2].text") == "Sneaker"
    for name, value in (("class", 2), ("seed", 7), ("truncation", 0.8), ("d0", 2.5), ("d1", -4)):
        before = page.evaluate("document.body.dataset.done")
        page.evaluate(MOVE.format(name, value))
        done = page.wait_for(f"(d => d != {before!r} && d)(document.body.dataset.done)")
        assert str(value) in done.replace("%2C", ",").replace("%3A", ":")
    code = page.evaluate("document.getElementById('code').textContent")
    assert 'g.sample(classes=["Sneaker"], seed=7, truncation=0.8)' in code

    page.evaluate("document.getElementById('pinA').click()")
    page.wait_for("document.getElementById('a').naturalWidth")
    page.evaluate(MOVE.format("class", 4))
    page.evaluate("document.getElementById('pinB').click()")
    page.wait_for("!document.getElementById('t').disabled")
    page.evaluate(MOVE.format("t", 0.5))
    page.wait_for("document.body.dataset.done.includes('&b=')")
    code = page.evaluate("document.getElementById('code').textContent")
    assert code == "# 50 % of the way from Sneaker, seed 7 to Ankle boot, seed 7"
    page.evaluate("document.getElementById('save').click()")
    saved = "tiny_Sneaker_seed7_t0.8_to_Ankle-boot_seed7_t0.8_0.5.png"
    with Image.open(appears(folder / saved)) as picture:  # it says how to make it again
        places = json.loads(picture.text["jaxgan"])
    assert json.loads(places["a"])["moves"][:2] == [2.5, -4] and places["t"] == "0.5"

    page.evaluate(MOVE.format("seed", -1))  # a wrong one is said, and a right one heals
    assert "whole number" in page.wait_for("document.getElementById('error').textContent")
    page.evaluate(MOVE.format("seed", 3))
    page.wait_for("document.getElementById('error').textContent == ''")

    paint(page)

    target = Path(os.environ.get("JAXGAN_SCREENSHOTS", folder)) / "explore.png"
    page.screenshot(target)  # to be looked at
    with Image.open(target) as picture:
        assert picture.width > 1000 and len(picture.convert("L").getcolors()) > 20
