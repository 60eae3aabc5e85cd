"""Every shipped config with every command, on one device and on eight, in 8 and 16 bits.

A family is the first config of those that are equal when tiny. Each walks through all commands in a
process of its own (walk.py): configs take turns with one device and 16-bit gray, eight devices and
8-bit RGB; the first family takes both. What does not apply is refused with the line in REFUSED,
nothing else is. The first stage walks through one case that the code's own hash chooses, so it
rotates with every change, but of models whose walk takes two minutes; the second stage through all.
`python -m tests.crossed.test_crossed`
prints the table.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ml_collections import ConfigDict

from tests.crossed.tiny import families
from tests.crossed.walk import KINDS
from tests.rotating import rotating

ROOT = Path(__file__).parents[2]
FAMILIES = sorted(families())
MACHINES = {1: 16, 8: 8}  # devices -> bits
CASES = [(name, *list(MACHINES.items())[i % 2]) for i, name in enumerate(FAMILIES)]
CASES.append((FAMILIES[0], 8, 8))
# For the second stage only.
LONG = ("bigbigan", "biggan_deep", "dvdgan", "logan", "r3gan", "stylegan", "trivdgan")

NO_ENCODER = "has no encoder: write extractor=discriminator"
NO_LATENTS = (
    "makes (images from (images|captions)|sounds from frames) and has no latents or classes"
)
OF_A_POLICY = {
    "translate": "acts in an environment and translates nothing",
    "explore": "acts in an environment and has no latents",
    "average": "acts in an environment, and a file holds",
}
for what in ("between", "truncations", "latents", "arithmetic", "walk", "images"):
    OF_A_POLICY[f"sample {what}"] = f"--kind={what}: a policy acts in its environment"
OF_A_POLICY["sample truncated"] = "--truncation=0.5: a policy has no latents"
for what in ("safetensors", "stablehlo"):
    OF_A_POLICY[f"export {what}"] = "acts in an environment, and a file holds"
for what in ("factorised", "principal"):
    OF_A_POLICY[f"directions {what}"] = "acts in an environment and has no latents"
for what in ("", " by class", " pairs", " with discriminator", " with encoder"):
    OF_A_POLICY[f"evaluate{what}"] = r"a policy is scored by \('returns',\) alone"
OF_A_POLICY["evaluate lengths"] = "--length: of generators of images"
OF_NUMBERS = {
    "translate": "makes samples from numbers and translates nothing",
    "explore": "makes samples from numbers and has no classes",
    "average": "makes samples from numbers, and a file holds",
    "sample truncated": "--truncation=0.5: samples are made from numbers",
    "evaluate returns": "no metric 'returns'",
}
for what in ("between", "truncations", "latents", "arithmetic", "walk"):
    OF_NUMBERS[f"sample {what}"] = f"--kind={what}: samples are made from numbers"
for what in ("safetensors", "stablehlo"):
    OF_NUMBERS[f"export {what}"] = "makes samples from numbers, and a file holds"
for what in ("factorised", "principal"):
    OF_NUMBERS[f"directions {what}"] = "makes samples from numbers and has no classes"
for what in ("", " by class", " pairs", " lengths", " with discriminator", " with encoder"):
    OF_NUMBERS[f"evaluate{what}"] = "makes samples from numbers, and no metric knows them"
OF_LATENTS = [f"sample {kind}" for kind in (*KINDS, "truncated")]
OF_LATENTS += ["explore", "directions factorised", "directions principal"]
NO_CLASS = "takes no class: leave the classes out"
OF_FRAMES = ("melgan", "gantts")  # which make sounds
TRANSLATORS = ("cyclegan", "dance", "pix2pix", "spade", "srgan", "stackgan", "text_dcgan")
TRANSLATORS += ("mcnet", "next_frame")
TRANSLATORS += OF_FRAMES
NO_SAMPLES = "makes no samples"  # the models of games without any: domains
WITHOUT_CLASS = ("autoencoder", "bigan", "bigbigan", "cogan", "dcgan", "improved", "lapgan", "mlp")
WITHOUT_CLASS += ("progan", "stylegan", "vgan", "crnngan", "spiral")
IF_CONDITIONAL = ("gan3d", "wavegan")  # config.model.conditional
OF_SOUNDS = ("waves", "log_spectrograms", "mels", "speech")
OTHER_MEDIA = ("waves", "log_spectrograms", "volumes", "clips", "posed_clips", "next_frames")
OTHER_MEDIA += ("events",)
ON_IMAGES = "works on images, and these are samples of"
OF_OTHER_MEDIA = {
    "evaluate": f"'interpolation' {ON_IMAGES}",
    "evaluate by class": r"'recognition' works on images and|2 real (?!images)\w+ of every class",
    "evaluate pairs": f"'paired' {ON_IMAGES}",
}
OF_A_VOCODER = dict.fromkeys(
    ("evaluate", "evaluate by class", "evaluate pairs"),
    r"a vocoder is scored by \('vocoded',\) alone",
)
for what in ("returns", "with discriminator", "with encoder"):
    OF_A_VOCODER[f"evaluate {what}"] = OF_A_VOCODER["evaluate"]
OF_A_VOCODER["evaluate lengths"] = "--length: this is a vocoder"
OF_A_SPEAKER = {
    "translate": "takes conditions that no file holds",
    "evaluate": f"'interpolation' {ON_IMAGES}",
    "evaluate by class": "2 real sounds of every class",
    "evaluate pairs": f"'paired' {ON_IMAGES}",
}
# Command -> {model (or "" for all others): the line, None where it runs}.
REFUSED = {
    "sample between": dict.fromkeys(WITHOUT_CLASS, NO_CLASS),
    "translate": {
        **dict.fromkeys(TRANSLATORS),
        "": "makes samples from latents and translates nothing",
    },
    "evaluate": dict.fromkeys(TRANSLATORS, "the metric 'interpolation' needs a generator"),
    "evaluate returns": {"": "no metric 'returns'"},
    "evaluate pairs": {
        **dict.fromkeys(("pix2pix", "spade", "srgan", "stackgan", "text_dcgan")),
        "": "the metric 'paired' needs pairs",
    },
    "directions factorised": {
        **dict.fromkeys(("progan", "spiral", "stylegan"), "not affine in the latents"),
        **dict.fromkeys(("gan3d", "vgan"), "no linear layer there sees the latents"),
    },
    "invert": {"spiral": "paints in strokes"},
    "edit": {"spiral": "paints in strokes"},
    "evaluate by class": {
        "biggan_categorical": "data/train has no class 'category 0'",
        **dict.fromkeys(TRANSLATORS, "needs two classes|has one class only"),
        "srgan": None,  # of single images, with their classes
    },
    "evaluate with discriminator": {
        **dict.fromkeys(
            ("bigan", "bigbigan", "cogan", "lapgan", *TRANSLATORS), "shows no features"
        ),
        **dict.fromkeys(("progan", "stylegan"), "depend on the other images of its batch"),
    },
    # BigBiGAN's encoder takes images twice as large as the generator's.
    "evaluate with encoder": {"bigan": None, "bigbigan": "run's encoder takes", "": NO_ENCODER},
}


def expected(command: str, config: ConfigDict) -> str | None:
    """Return the line that a command is refused with on a run of a config, None where it runs."""
    model, prior = config.model.name, config.prior
    runs = ("doctor", "compile", "train", "resume", "report", "evaluate returns")
    if model in ("adda", "domains") and command not in runs:
        return NO_SAMPLES
    if model == "policy":
        return OF_A_POLICY.get(command)
    if model == "calogan":
        return OF_NUMBERS.get(command)
    if model == "melgan" and command in OF_A_VOCODER:
        return OF_A_VOCODER[command]
    if model == "gantts" and command in OF_A_SPEAKER:
        return OF_A_SPEAKER[command]
    if config.data.medium in ("next_frames", "posed_clips") and command == "evaluate pairs":
        return None
    if config.data.medium == "posed_clips" and command == "evaluate by class":
        return "needs two classes"
    if config.data.medium in OTHER_MEDIA and command in OF_OTHER_MEDIA:
        return OF_OTHER_MEDIA[command]
    if config.data.medium == "log_spectrograms" and command == "evaluate with discriminator":
        return "images are 64x1, but the run's discriminator takes 8x8x1"  # files are sounds
    if config.data.medium in (*OF_SOUNDS, "events") and command == "doctor":
        return "exit code 1"  # of so few recordings the last twentieth holds one class or two
    if command == "sample between" and model in IF_CONDITIONAL and not config.model.conditional:
        return NO_CLASS
    if command in ("sample truncations", "sample truncated") and prior != "normal":
        return f"needs prior = 'normal', and this generator's is '{prior}'"
    if command in OF_LATENTS and model in TRANSLATORS:
        return NO_LATENTS
    if config.data.medium == "holes" and command == "evaluate by class":
        return None  # of single images, with their classes
    lines = REFUSED.get(command, {})
    return lines.get(model, lines.get(""))


def walked(name: str, devices: int, bits: int, folder: Path) -> dict[str, str]:
    """Return what every command did."""
    argv = [sys.executable, "-m", "tests.crossed.walk", name, str(devices), str(bits), str(folder)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def check(name: str, devices: int, bits: int, folder: Path) -> None:
    found, config = walked(name, devices, bits, folder), families()[name]
    for command, outcome in found.items():
        line = expected(command, config)
        if line is None:
            assert outcome == "ran", f"{command}: {outcome}"
        else:
            assert re.search(line, outcome), f"{command}: {outcome}"


SHORT = [case for case in CASES if not case[0].startswith(LONG)]
SLOW = [pytest.param(*case, marks=pytest.mark.slow) for case in CASES if case not in SHORT]


@pytest.mark.parametrize("name,devices,bits", rotating(SHORT, 1) + SLOW)
def test_every_command_runs_or_says_why_not(name, devices, bits, tmp_path):
    check(name, devices, bits, tmp_path)


if __name__ == "__main__":
    import tempfile

    for case in CASES:
        with tempfile.TemporaryDirectory() as place:
            outcomes = walked(*case, Path(place))
        ran = sum(o == "ran" for o in outcomes.values())
        print(f"{case[0]}, {case[1]} devices, {case[2]} bits: {ran} of {len(outcomes)} ran")
        for what, line in outcomes.items():
            if line != "ran":
                print(f"    {what}: {line}")
