"""How long the explorer takes to answer a slider: `python -m` of this module.

    --size=64 --width=64 --moves=60    a BigGAN with random weights, as fast as a trained one
    --model=FILE_OR_WORKDIR            a trained one

In headless Chromium: from the slider's event until the new picture is decoded. Not a test: a wall
clock decides it. The CPU time beside it is the server's, of all cores: what a busy machine hides.

Measured on two cores with nothing else running, 64 x 64 x 3, width 64, 60 moves: median 195 ms,
95 % 208 ms, at most 223 ms; 243 ms of CPU a move. The goal is 300 ms.
"""

import argparse
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

import jaxgan
from jaxgan import default_config
from jaxgan.trained import explore
from jaxgan.trained.explore.server import Explorer
from tests.tiny import generator_of
from tests.trained.explore.chromium import Browser

MOVE = """(() => {{ const x = document.getElementById('d{0}'); x.value = {1};
x.dispatchEvent(new Event('input')) }})()"""


def model(arguments: argparse.Namespace) -> jaxgan.TrainedGenerator:
    if arguments.model:
        return jaxgan.load(arguments.model)
    config = default_config()
    config.data.update(size=(arguments.size, arguments.size), channels=3)
    config.data.class_names = tuple(f"class {i}" for i in range(100))
    config.model.width = arguments.width
    config.sample.update(standing_batches=1, standing_batch=8)
    return generator_of(config).tabulated((0.0, 0.5, 1.0, 2.0))


def main() -> None:
    parser = argparse.ArgumentParser()
    for name, default in (("size", 64), ("width", 64), ("moves", 60), ("model", "")):
        parser.add_argument(f"--{name}", default=default, type=type(default))
    arguments = parser.parse_args()
    explorer, times = Explorer(model(arguments), "benchmark"), []
    with explore.serve(explorer, "127.0.0.1", 0) as server, tempfile.TemporaryDirectory() as folder:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        with Browser(url, Path(folder) / "profile") as page:
            page.wait_for("document.body.dataset.done")
            began = time.process_time()
            for value in np.linspace(-4, 4, arguments.moves).round(3):
                before = page.evaluate("document.body.dataset.done")
                page.evaluate(MOVE.format(0, value))
                page.wait_for(f"document.body.dataset.done != {before!r}")
                times.append(float(page.evaluate("document.body.dataset.ms")))
            computed = 1000 * (time.process_time() - began) / len(times)
        server.shutdown()
    percentiles = np.percentile(times, [50, 95, 100])
    size = " x ".join(map(str, explorer.g.image_shape))
    print(f"{size}: {len(times)} moves, median, 95 %, most: {percentiles.round()} ms")
    print(f"{computed:.0f} ms of CPU a move")


if __name__ == "__main__":
    main()
