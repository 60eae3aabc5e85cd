"""The log of a run: no line twice, none missing, readable times."""

import json

import pytest

from jaxgan import metrics


def test_lines_after_the_checkpoint_are_dropped(tmp_path):
    path = tmp_path / "metrics.jsonl"
    lines = [json.dumps({"step": s, "loss": s / 3}) + "\n" for s in (10, 20, 30)]
    path.write_text("".join(lines) + '{"step": 40, "lo')  # killed while writing
    metrics.drop_lines_after(path, 20)
    assert path.read_text() == "".join(lines[:2])
    metrics.drop_lines_after(path, 0)
    assert path.read_text() == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0s"), (59, "59s"), (725, "12m05s"), (12000, "3h20m"), (1304000, "15d02h")],
)
def test_duration(seconds, text):
    assert metrics.duration(seconds) == text
