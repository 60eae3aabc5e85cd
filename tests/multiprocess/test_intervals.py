"""Everything that happens at an interval, in several processes, all else at its default.

Logs, sheets, looks of the watch and checkpoints: a result that is spread over processes cannot be
read on one ("spans non-addressable devices"), which shows at the first interval and not before.
"""

import json

import pytest

from tests.multiprocess.test_processes import finish, spawn  # noqa: F401 (a fixture)

SMALL = (
    "--config=mlp_gan",
    "--config.data.size=(8, 8)",
    "--config.model.generator_widths=(8,)",
    "--config.model.discriminator_widths=(8,)",
    "--config.train.steps=2",
    "--config.train.batch=32",
)
EVERY = [f"--config.{name}=1" for name in ("watch.every", "train.log_every", "train.sample_every")]
EVERY.append("--config.train.checkpoint_every=1")


@pytest.mark.slow
@pytest.mark.parametrize("devices", [1, 4])
def test_every_interval_passes_in_two_processes(devices, spawn, tmp_path):  # noqa: F811
    workdir = tmp_path / "run"
    codes, outputs = finish(spawn(workdir, *SMALL, *EVERY, devices=devices))
    assert codes == [0, 0], outputs
    looks = [json.loads(line) for line in (workdir / "watch.jsonl").read_text().splitlines()]
    assert [look["step"] for look in looks] == [1, 2]
    assert all(len(look["class_diversity"]) == 10 for look in looks)
    assert len(list((workdir / "samples").glob("*.png"))) == 3
