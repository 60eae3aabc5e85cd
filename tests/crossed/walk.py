"""Every command on one config, tiny, in one process: what ran, and what was refused, how.

    python -m tests.crossed.walk CONFIG DEVICES BITS FOLDER

prints a JSON object {command: "ran" or the line}. DEVICES is 1 or 8; BITS 8 (RGB) or 16 (gray): the
data set is made here, through `jaxgan prepare`. Batches and counts divide nothing: 37 images, 7
samples, 13 scored in batches of 5.
"""

import contextlib
import io
import json
import sys
import threading
import urllib.parse
import urllib.request
from pathlib import Path

import numpy as np

KINDS = ("classes", "truncations", "latents", "between", "arithmetic", "walk", "images")
COUNT, CLASSES = 37, 3
METRICS = "fd,kd,is,precision_recall,fd_infinity,copies,interpolation,probe"
BY_CLASS = "fd_per_class,accuracy_score,recognition"


def pooled(images):
    """An extractor: 4 x 4 means of the pixels as features, means of their parts as logits; of other
    media 16 means of what follows each other."""
    import jax.numpy as jnp

    if images.ndim != 4:  # waves, volumes, clips: means of sixteen stretches
        x = images.reshape(len(images), 16, -1).astype(jnp.float32).mean(-1)
        return x, x.reshape(len(x), 4, 4).mean(-1)
    n, h, w, _ = images.shape
    x = images.mean(-1)[:, : h // 4 * 4, : w // 4 * 4]
    x = x.reshape(n, 4, x.shape[1] // 4, 4, x.shape[2] // 4).mean((2, 4)).reshape(n, 16)
    x = x.astype(jnp.float32)
    return x, x.reshape(n, 4, 4).mean(-1)


def data_set(folder: Path, bits: int, size: tuple[int, int]) -> Path:
    """Prepare COUNT images of CLASSES classes: RGB of 8 bits, or gray of 16."""
    rng = np.random.default_rng(bits)
    labels = np.sort(np.arange(COUNT) % CLASSES)  # by class, as folders are
    shape = (COUNT, *size, 3 if bits == 8 else 1)
    images = rng.integers(0, 2**bits, shape).astype(np.uint8 if bits == 8 else np.uint16)
    images[:, : size[0] // 2] //= (labels + 1)[:, None, None, None].astype(images.dtype)
    np.savez(folder / "images.npz", images=images, labels=labels)
    run(["prepare", str(folder / "images.npz"), str(folder / "data")])
    return folder / "data"


def pair_set(folder: Path, bits: int, size: tuple[int, int], medium: str) -> Path:
    """Prepare COUNT pairs (or domains) of a gray image and an RGB one of 8 bits, or of gray ones of
    16."""
    from jaxgan.media.pictures import save_picture

    rng = np.random.default_rng(bits)
    for side, channels in (("sources", 1), ("pictures", 3 if bits == 8 else 1)):
        shape = (COUNT, *size, channels)
        images = rng.integers(0, 2**bits, shape).astype(np.uint8 if bits == 8 else np.uint16)
        for number, image in enumerate(images):
            save_picture(folder / side / f"{number}.png", image)
    pictures = f"--{medium}={folder / 'pictures'}"
    run(["prepare", str(folder / "sources"), str(folder / "data"), pictures])
    return folder / "data"


def small_images(folder: Path, bits: int, size: tuple[int, int]) -> None:
    """Write images to enlarge, or to fill: RGB of 8 bits, or gray of 16."""
    from jaxgan.media.pictures import save_picture

    shape = (5, *size, 3 if bits == 8 else 1)
    images = np.random.default_rng(bits).integers(0, 2**bits, shape)
    for number, image in enumerate(images.astype(np.uint8 if bits == 8 else np.uint16)):
        save_picture(folder / "sources" / f"{number}.png", image)


def media_set(folder: Path, medium: str, size: tuple[int, ...]) -> Path:
    """Prepare waves of 4 kHz, volumes or clips: a few of each class."""
    from tests.data.made_media import furniture, moving, tunes, words
    from tests.data.made_showers import save

    source, data = folder / ("sources" if medium == "next_frames" else "in"), folder / "data"
    if medium == "showers":
        run(["prepare", str(save(folder / "in.npz", COUNT)), str(data), "--showers"])
        return data
    if medium == "volumes":
        furniture(source, 8)
        flags = [f"--voxels={size[0]}"]
    elif medium in ("clips", "next_frames"):
        moving(source, 8, frames=2 * size[0], side=size[1])
        flags = [f"--frames={size[0]}"]
    elif medium == "events":
        tunes(source, 8)
        flags = [f"--notes={size[0]}"]
    else:
        words(source, 4, seconds=0.2)
        flags = [f"--window={size[0]}", "--rate=4000"]
    if medium == "mels":
        from jaxgan.media.sounds import wav_bytes

        (folder / "sources").mkdir()
        noise = np.random.default_rng(0).integers(-999, 999, (3, 150, 1)).astype(np.int16)
        for number, wave in enumerate(noise):
            (folder / "sources" / f"{number}.wav").write_bytes(wav_bytes(wave, 4000))
    run(["prepare", str(source), str(data), *flags])
    return data


def dance_set(folder: Path, size: tuple[int, ...]) -> Path:
    """Prepare COUNT clips of noise beside noise; sources are the poses of a film."""
    from PIL import Image

    from jaxgan.media.pictures import save_picture

    frames, height, width = size
    films = np.random.default_rng(0).integers(0, 256, (COUNT, frames, height, width, 3), np.uint8)
    (folder / "films").mkdir()
    for number, film in enumerate(films):
        first, *rest = map(Image.fromarray, film)
        first.save(folder / "films" / f"{number}.png", save_all=True, append_images=rest)
    for number, film in enumerate(films[:5]):
        save_picture(folder / "sources" / f"{number}.png", film[0, :, : width // 2])
    run(["prepare", str(folder / "films"), str(folder / "data"), f"--frames={frames}"])
    return folder / "data"


def transition_set(folder: Path, environment: str) -> Path:
    """Prepare every tenth step of two trajectories of an expert."""
    from tests.data.experts import trajectories

    np.savez(folder / "experts.npz", **trajectories(environment, 2, seed=0))
    flags = ["--every=10", f"--environment={environment}"]
    run(["prepare", str(folder / "experts.npz"), str(folder / "data"), *flags])
    return folder / "data"


def map_set(folder: Path, size: tuple[int, int]) -> Path:
    """Prepare COUNT pictures of 8 bits with label maps of CLASSES classes; sources are the maps."""
    from jaxgan.media.pictures import save_picture

    rng = np.random.default_rng(0)
    for number in range(COUNT):
        picture = rng.integers(0, 256, (*size, 3)).astype(np.uint8)
        save_picture(folder / "pictures" / f"{number}.png", picture)
        found = rng.integers(0, CLASSES, (*size, 1)).astype(np.uint8)
        save_picture(folder / "sources" / f"{number}.png", found)
    maps = [f"--maps={folder / 'sources'}", f"--map-classes={CLASSES}"]
    run(["prepare", str(folder / "pictures"), str(folder / "data"), *maps])
    return folder / "data"


def domain_set(folder: Path, bits: int, size: tuple[int, int]) -> Path:
    """Prepare COUNT gray images of CLASSES classes, and as many of another domain."""
    from jaxgan.media.pictures import save_picture

    rng = np.random.default_rng(bits)
    for side in ("source", "target"):
        for number in range(COUNT):
            image = rng.integers(0, 2**bits, (*size, 1))
            image = image.astype(np.uint8 if bits == 8 else np.uint16)
            save_picture(folder / side / f"class {number % CLASSES}" / f"{number}.png", image)
    domains = f"--domains={folder / 'target'}"
    run(["prepare", str(folder / "source"), str(folder / "data"), domains])
    return folder / "data"


def caption_set(folder: Path, bits: int, size: tuple[int, int]) -> Path:
    """Prepare COUNT images with captions of 6 numbers: RGB of 8 bits, or gray of 16."""
    from jaxgan.media.pictures import save_picture

    rng = np.random.default_rng(bits)
    shape = (COUNT, *size, 3 if bits == 8 else 1)
    images = rng.integers(0, 2**bits, shape).astype(np.uint8 if bits == 8 else np.uint16)
    files = [f"{number}.png" for number in range(COUNT)]
    for file, image in zip(files, images, strict=True):
        save_picture(folder / "images" / file, image)
    vectors = rng.normal(size=(COUNT, 6))
    np.savez(folder / "captions.npz", files=files, captions=files, vectors=vectors)
    captions = f"--captions={folder / 'captions.npz'}"
    run(["prepare", str(folder / "images"), str(folder / "data"), captions])
    return folder / "data"


def run(argv: list[str]) -> int:
    """Run a command line in this process; what it prints is kept away."""
    from jaxgan.main import main

    with contextlib.redirect_stdout(io.StringIO()):
        return main(argv)


def outcome(argv: list[str]) -> str:
    """Return "ran", or the line that a command line is refused with. A fault is raised."""
    from jaxgan.commands.errors import answer

    try:
        code = run(argv)
    except Exception as error:
        line = answer(error)
        if line is None:
            raise
        return line
    return "ran" if code == 0 else f"exit code {code}"


def explored(model: Path) -> str:
    """Return "ran" if the page, its facts and its images are served."""
    from jaxgan.trained.explore.page import PAGE
    from jaxgan.trained.explore.server import Explorer, serve
    from jaxgan.trained.load import load_generator

    try:
        explorer = Explorer(load_generator(model), "crossed")
    except ValueError as error:
        return str(error)
    with serve(explorer, "localhost", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://localhost:{server.server_port}"
        place = json.dumps({"seed": 3, "class": 0, "truncation": 0, "moves": [1.0]})
        query = urllib.parse.urlencode({"a": place})
        for path in ("/", "/facts", f"/image?{query}"):
            with urllib.request.urlopen(base + path) as answer:
                body = answer.read()
            if path == "/":
                assert body == PAGE.encode()
            if path.startswith("/image"):
                assert body[:8] == b"\x89PNG\r\n\x1a\n"
        server.shutdown()
    return "ran"


def painted(image: Path, folder: Path) -> Path:
    """Write strokes of an image's size, all of one colour; return the file."""
    from PIL import Image

    with Image.open(image) as picture:
        strokes = Image.new("RGBA", picture.size, (90, 160, 220, 255))
    strokes.save(folder / "strokes.png")
    return folder / "strokes.png"


def reloaded(run_dir: Path, file: Path) -> str:
    """Return "ran" if an exported file samples what its run does."""
    import jax

    from jaxgan.trained.load import load
    from jaxgan.trained.translator import Translator

    g = load(run_dir)
    if isinstance(g, Translator):
        return retranslated(g, file)
    z, labels = g.latents(range(3), seed=5), np.arange(3) % max(len(g.class_names), 1)
    expected = g.generate(z, labels)
    if file.suffix == ".stablehlo":
        found = jax.export.deserialize(bytearray(file.read_bytes())).call(z, labels.astype("int32"))
    else:
        found = load(file).generate(z, labels)
    np.testing.assert_allclose(np.asarray(found), expected, atol=2e-4)
    return "ran"


def retranslated(translator, file: Path) -> str:
    """Return "ran" if an exported file translates as its run does."""
    import jax

    from jaxgan.media.medium import Batch
    from jaxgan.trained.load import load

    stored = translator.medium.stored
    rng, is_map = np.random.default_rng(0), translator.config.data.medium == "maps"
    if translator.takes_text:
        return redrawn(translator, file, rng)
    if translator.makes_sounds:
        return spoken_again(translator, file, rng)
    dtype = stored.condition.dtype
    top = np.iinfo(dtype).max
    most = CLASSES - 1 if is_map else top
    sources = rng.integers(0, most, (3, *translator.source_shape), dtype, endpoint=True)
    expected = translator.translate(sources) / top
    if file.suffix == ".stablehlo":
        floats = np.asarray(translator.medium.to_float(Batch((), sources)).condition)
        found = jax.export.deserialize(bytearray(file.read_bytes())).call(floats)
        found = (np.asarray(found) + 1) / 2
    else:
        found = load(file).translate(sources) / top
    np.testing.assert_allclose(found, expected, atol=0.004)  # a step of 8 bits
    return "ran"


def spoken_again(translator, file: Path, rng: np.random.Generator) -> str:
    """Return "ran" if an exported file makes of conditions the sounds that its run makes."""
    import jax

    from jaxgan.trained.load import load

    frames = rng.normal(size=(3, *translator.source_shape)).astype(np.float32)
    if file.suffix == ".stablehlo":
        made = translator.apply(translator.variables, translator.noise(0), frames)
        expected = np.asarray(made) * 32768
        program = jax.export.deserialize(bytearray(file.read_bytes()))
        found = np.asarray(program.call(frames)) * 32768
    else:
        expected, found = translator.translate(frames), load(file).translate(frames)
    np.testing.assert_allclose(found, expected, atol=8)  # of 32,768
    return "ran"


def redrawn(translator, file: Path, rng: np.random.Generator) -> str:
    """Return "ran" if an exported file draws captions as its run does."""
    import jax

    from jaxgan.media.captions import condition_of
    from jaxgan.trained.load import load

    vectors, top = rng.normal(size=(3, 6)), np.iinfo(translator.medium.stored.sample.dtype).max
    expected = translator.translate(vectors) / top
    if file.suffix == ".stablehlo":
        program = jax.export.deserialize(bytearray(file.read_bytes()))
        found = (np.asarray(program.call(condition_of(vectors[:, None]))) + 1) / 2
    else:
        found = load(file).translate(vectors) / top
    np.testing.assert_allclose(found, expected, atol=0.004)  # a step of 8 bits
    return "ran"


def walk(config: Path, folder: Path) -> dict[str, str]:
    """Return {command: outcome} for all commands on a config file, in FOLDER."""
    w, out = folder / "run", folder / "out"
    named, found = [f"--config={config}", f"--workdir={w}"], {}
    found["doctor"] = outcome(["doctor", *named, "--steps=1"])
    found["compile"] = outcome(["compile", f"--config={config}"])
    found["train"] = outcome(["train", *named])
    found["resume"] = outcome(["train", *named, "--config.train.steps=3"])
    for kind in KINDS:
        name = {"walk": "walk.gif", "images": "images"}.get(kind, f"{kind}.png")
        argv = ["sample", str(w), f"--kind={kind}", f"--output={out / name}", "--columns=3"]
        found[f"sample {kind}"] = outcome([*argv, "--count=7", "--steps=2"])
    found["sample truncated"] = outcome(
        ["sample", str(w), f"--output={out / 't.png'}", "--truncation=0.5"]
    )
    places = (folder / name for name in ("sources", "captions.npz"))
    sources = next((place for place in places if place.exists()), folder)
    argv = ["translate", str(w), str(sources), f"--out={out / 'translated'}"]
    found["translate"] = outcome(argv)
    for suffix in ("safetensors", "stablehlo"):
        file = out / f"g.{suffix}"
        found[f"export {suffix}"] = outcome(["export", str(w), f"--output={file}"])
        if found[f"export {suffix}"] == "ran":
            found[f"load {suffix}"] = reloaded(w, file)
    found["average"] = outcome(
        ["average", str(w), "--length=0.08", f"--output={out / 'average.stablehlo'}"]
    )
    found["explore"] = explored(w)
    for method in ("factorised", "principal"):
        argv = ["directions", str(w), f"--method={method}", "--count=2"]
        found[f"directions {method}"] = outcome([*argv, f"--output={out / method}.png"])
    first = sorted((out / "images").rglob("*.png"))
    if first:
        argv = ["invert", str(w), f"--image={first[0]}", "--steps=2"]
        found["invert"] = outcome([*argv, f"--output={out / 'invert.png'}"])
        argv = ["edit", str(w), str(painted(first[0], out)), "--steps=2", "--starts=2"]
        found["edit"] = outcome([*argv, f"--output={out / 'edit.png'}"])
    own = "--config.evaluate.extractor=tests.crossed.walk:pooled"
    for what, metrics in (("evaluate", METRICS), ("evaluate by class", BY_CLASS)):
        argv = ["evaluate", str(w), own, f"--config.evaluate.metrics={metrics}"]
        found[what] = outcome(argv)
    found["evaluate pairs"] = outcome(
        ["evaluate", str(w), own, "--config.evaluate.metrics=paired,fd,kd,precision_recall"]
    )
    argv = ["evaluate", str(w), own, "--config.evaluate.metrics=fd", "--length=0.06,0.09"]
    found["evaluate lengths"] = outcome(argv)
    found["evaluate returns"] = outcome(["evaluate", str(w), "--config.evaluate.metrics=returns"])
    for network in ("discriminator", "encoder"):
        argv = ["evaluate", str(w), f"--config.evaluate.extractor={network}"]
        found[f"evaluate with {network}"] = outcome([*argv, "--config.evaluate.metrics=fd"])
    found["report"] = outcome(["report", str(w)])
    return found


if __name__ == "__main__":
    name, devices, bits, target = sys.argv[1:]
    import jax

    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_num_cpu_devices", int(devices))
    from tests.crossed.tiny import write_config

    place = Path(target)
    jax.config.update("jax_compilation_cache_dir", str(place / "compiled"))  # commands share much
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
    print(json.dumps(walk(write_config(name, int(bits), place), place)))
