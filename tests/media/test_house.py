"""Media that are not images through every command: what runs, what is refused, what is left.

A perceptron (dense.py) on procedural data (tests/data/made_media.py). One run a medium, which the
tests share.
"""

import json
import re
import threading
import urllib.error
import urllib.parse
import urllib.request

import jax
import numpy as np
import pytest
from PIL import Image

import jaxgan
from jaxgan.devices import compiler
from jaxgan.files import json_lines
from jaxgan.media.meshes import open_edges, read_mesh
from jaxgan.media.sounds import inspect_sound, read_sound
from jaxgan.trained.explore.server import Explorer, serve
from tests.crossed.walk import media_set, outcome, reloaded

SIZES = {"waves": (256,), "volumes": (8, 8, 8), "clips": (5, 8, 8)}
CHANNELS = {"waves": 1, "volumes": 1, "clips": 3}
REEL = {"waves": ".wav", "volumes": ".gif", "clips": ".gif"}
SUFFIX = {"waves": ".wav", "volumes": ".obj", "clips": ".gif"}
CONFIG = """
from jaxgan.config import default_config

def get_config():
    config = default_config("tests.media.dense")
    config.data.update(name={name!r}, medium={medium!r}, size={size}, split="train[:80%]")
    config.data.held_out = "train[80%:]"
    config.train.update(batch=16, num_d_steps=1, steps=2, log_every=1, sample_every=2)
    config.train.update(checkpoint_every=2)
    config.watch.update(every=2, images=8, classes=2)
    config.sample.update(columns=2, standing_batches=1, standing_batch=16)
    config.evaluate.update(samples=13, batch=5)
    return config
"""


# The first stage takes one medium through all commands, the second the others.
MEDIA = ["waves", *(pytest.param(name, marks=pytest.mark.slow) for name in ("volumes", "clips"))]


@pytest.fixture(scope="module", params=MEDIA)
def trained(request, tmp_path_factory):
    """(medium, folder with data, config and run, what training said)."""
    medium, folder = request.param, tmp_path_factory.mktemp(request.param)
    compiler.enable_persistent_cache(folder / "cache")
    media_set(folder, medium, SIZES[medium])
    text = CONFIG.format(name=str(folder / "data"), medium=medium, size=SIZES[medium])
    (folder / "config.py").write_text(text)
    argv = ["train", f"--config={folder / 'config.py'}", f"--workdir={folder / 'run'}"]
    assert outcome(argv) == "ran"
    return medium, folder


def test_a_run_leaves_sheets_sounds_and_a_page(trained):
    medium, folder = trained
    names = {p.name for p in (folder / "run" / "samples").iterdir()}
    reel = [f"{step:08d}{REEL[medium]}" for step in (0, 2)]
    assert names == {"00000000.png", "00000002.png", *reel}
    page = (folder / "run" / "report.html").read_text()
    assert ('<audio controls src="data:audio/wav;base64,' in page) == (medium == "waves")
    assert ('<img src="data:image/gif;base64,' in page) == (medium != "waves")
    word = {"waves": "sounds"}.get(medium, medium)
    assert f"thousand {word}" in page and "thousand images" not in page
    watch = json_lines.read(folder / "run" / "watch.jsonl")
    assert watch[-1]["diversity"] > 0 and "held_out" in watch[-1]
    assert outcome(["report", str(folder / "run")]) == "ran"
    if medium == "waves":
        sound = inspect_sound(folder / "run" / "samples" / "00000002.wav")
        assert sound.rate == 4000 and sound.frames == 10 * 256 + 9 * 800  # ten classes, pauses


def test_sample_writes_sheets_and_files(trained):
    medium, folder = trained
    out, run = folder / "out", str(folder / "run")
    for kind in ("classes", "truncations", "latents", "between", "arithmetic"):
        argv = ["sample", run, f"--kind={kind}", f"--output={out / kind}.png", "--columns=2"]
        assert outcome(argv) == "ran", kind
        assert (out / f"{kind}{REEL[medium]}").is_file()
    argv = ["sample", run, "--kind=walk", f"--output={out / 'walk.gif'}", "--steps=2"]
    assert outcome([*argv, "--classes=0,1"]) == "ran"
    assert outcome(["sample", run, "--kind=images", f"--output={out / 'files'}", "--count=3"]) == (
        "ran"
    )
    files = sorted((out / "files").rglob(f"*{SUFFIX[medium]}"))
    assert [f.stem for f in files] == [f"{i:08d}" for i in range(3)]
    assert len((out / "files" / "labels.csv").read_text().splitlines()) == 3
    g = jaxgan.load(folder / "run")
    labels = g.draw(range(3), 0)[1]
    stored = g.medium.to_stored(g.generate(g.latents(range(3), 0), labels))
    if medium == "waves":
        np.testing.assert_array_equal(read_sound(files[2]) * 32768, stored[2])
    elif medium == "clips":
        with Image.open(files[2]) as film:
            assert film.n_frames == 5 and film.size == (64, 64)
    else:
        full = stored[2, ..., 0] >= 128
        with np.load(files[2].with_suffix(".npz")) as file:
            np.testing.assert_array_equal(file["volume"], full)
        assert full.any() and open_edges(read_mesh(files[2])) == 0
    assert g.sample(count=2, classes=[0]).dtype == g.medium.stored.sample.dtype
    assert g.pictures(count=2)[0].mode == "RGB"


def test_a_run_is_exported_and_loaded(trained):
    _, folder = trained
    for suffix in ("safetensors", "stablehlo"):
        file = folder / f"g.{suffix}"
        assert outcome(["export", str(folder / "run"), f"--output={file}"]) == "ran"
        assert reloaded(folder / "run", file) == "ran"
    argv = ["sample", str(folder / "g.safetensors"), f"--output={folder / 'file.png'}"]
    assert outcome([*argv, "--columns=2"]) == "ran"


def test_evaluation_runs_on_features_and_refuses_what_knows_images(trained):
    medium, folder = trained
    shape = "x".join(map(str, (*SIZES[medium], CHANNELS[medium])))
    argv = ["evaluate", str(folder / "run"), "--config.evaluate.extractor=discriminator"]
    metrics = "fd,kd,precision_recall,copies"
    assert outcome([*argv, f"--config.evaluate.metrics={metrics}"]) == "ran"
    (line,) = (folder / "run" / "results.jsonl").read_text().splitlines()
    assert {"fd_discriminator", "kd_discriminator"} <= json.loads(line)["metrics"].keys()
    refused = {"interpolation": "images", "recognition": "images and sounds"}
    for metric, works_on in refused.items():
        if medium == "waves" and "sounds" in works_on:
            continue
        said = outcome([*argv, f"--config.evaluate.metrics={metric}"])
        assert f"metric {metric!r} works on {works_on}, and these are samples of {shape}" in said
    said = outcome(["evaluate", str(folder / "run"), "--config.evaluate.metrics=fd"])
    assert f"evaluate.extractor = 'lite0' sees images, and these are samples of {shape}" in said
    said = outcome([*argv, "--config.evaluate.metrics=is,fd"])
    assert "the metric 'is' needs logits" in said
    assert said.strip().endswith("or evaluate.metrics = ('fd',)")


def test_the_explorer_shows_and_plays(trained):
    medium, folder = trained
    explorer = Explorer(jaxgan.load(folder / "run"), "run")
    with serve(explorer, "localhost", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://localhost:{server.server_port}"
        place = urllib.parse.urlencode({"a": json.dumps({"seed": 3, "class": 0})})
        get = lambda path: urllib.request.urlopen(base + path)
        with get("/facts") as answer:
            facts = json.loads(answer.read())
        with get(f"/image?{place}") as answer:
            assert answer.read()[:4] == b"\x89PNG"
        if medium == "waves":
            assert facts["played"] == "audio" and facts["size"] == [100, 132]
            with get(f"/played?{place}") as answer:
                assert answer.headers["Content-Type"] == "audio/wav"
                assert answer.read()[:4] == b"RIFF"
        else:
            size = {"clips": [8, 40], "volumes": [96, 96]}[medium]
            assert facts["played"] == "img" and facts["size"] == size
            with get(f"/played?{place}") as answer:
                assert answer.headers["Content-Type"] == "image/gif"
                assert answer.read()[:3] == b"GIF"
        server.shutdown()


@pytest.mark.slow
def test_other_commands(trained):
    """Each runs, or says in one line why it does not."""
    medium, folder = trained
    named = [f"--config={folder / 'config.py'}", f"--workdir={folder / 'run'}"]
    assert outcome(["doctor", *named, "--steps=1"]) == "ran"
    # The facts of a medium stand in for those of a data set that is not there.
    assert outcome(["compile", named[0], "--config.data.name=nowhere"]) == "ran"
    argv = ["directions", str(folder / "run"), "--method=principal", "--count=2"]
    assert outcome([*argv, f"--output={folder / 'd.png'}"]) == "ran"
    picture = folder / "run" / "samples" / "00000002.png"
    said = outcome(["invert", str(folder / "run"), f"--image={picture}", "--steps=2"])
    assert f"images are inverted, and this generator makes {medium}" in said
    assert outcome(["train", *named, "--config.train.steps=3"]) == "ran"  # continues


@pytest.mark.parametrize("medium", SIZES)
def test_what_does_not_fit_is_refused_before_training(medium, tmp_path):
    media_set(tmp_path, medium, SIZES[medium])
    text = CONFIG.format(name=str(tmp_path / "data"), medium=medium, size=SIZES[medium])
    (tmp_path / "config.py").write_text(text)
    wrong = tuple(2 * side for side in SIZES[medium])
    number = {
        "waves": "--window=512`",
        "volumes": "--voxels=16`",
        "clips": "--frames=10 --size=16x16`",
    }[medium]
    cases = [
        (
            f"--config.data.size={wrong}",
            f"but the {medium} of .* have .* or make others with .*{number}",
        ),
        ("--config.data.medium=images", f"data.medium = 'images', but .* holds {medium}: write"),
        ("--config.data.name=fashion_mnist", f"data.medium = '{medium}', but .* holds images"),
        (
            "--config.augmentation.name=ada",
            f"augmentation.name = 'ada': data.medium = '{medium}' is not single images; write",
        ),
    ]
    if medium == "waves":
        cases.append(("--config.data.rate=16000", "data.rate = 16000, but .* has 4000 samples"))
        # 256 samples are no size of the other media: their example is written.
        cases.append(("--config.data.medium=clips", "make clips with .* --frames=16 --size=64x64`"))
        cases.append(("--config.data.medium=volumes", "make volumes with .* --voxels=16`"))
    if medium == "volumes":  # nothing makes those
        cases.append(("--config.data.size=(8, 8, 9)", r"have \(8, 8, 8\): write this$"))
    for flag, line in cases:
        argv = ["train", f"--config={tmp_path / 'config.py'}", f"--workdir={tmp_path / 'run'}"]
        said = outcome([*argv, flag, "--config.data.held_out="])
        assert_line(line, said)
        assert not (tmp_path / "run").exists()


def assert_line(pattern, said):
    assert re.search(pattern, said) and "\n" not in said, said


def test_a_wave_is_the_same_on_every_number_of_devices(trained):
    """The sheet's sound depends on (seed, index) alone."""
    _, folder = trained
    g = jaxgan.load(folder / "run")
    z, labels = g.latents(range(9), 0), np.zeros(9, np.int32)
    together = g.generate(z, labels)
    alone = np.concatenate([g.generate(z[i : i + 1], labels[:1]) for i in (0, 8)])
    np.testing.assert_allclose(together[[0, 8]], alone, atol=1e-5)
    assert len(jax.devices()) == 8
