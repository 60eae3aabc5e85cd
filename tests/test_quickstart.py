"""The quick start keeps its promise: real classes, recognisable and varied, in minutes on a CPU."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_a_classifier_of_real_images_recognises_the_samples(tmp_path):
    for command in (
        ("train", "--config=configs/quickstart.py"),
        ("evaluate", "--config=configs/quickstart.py"),
    ):
        arguments = [*command, f"--workdir={tmp_path}/run"]
        subprocess.run([sys.executable, "-m", "jaxgan", *arguments], cwd=ROOT, check=True)
    scores = json.loads((tmp_path / "run" / "results.jsonl").read_text())["metrics"]
    assert scores["recognised"] >= 0.8, scores
    assert scores["diversity"] >= 0.6, scores  # one image a class would be 0, real images 1
