"""A disk that is really full: a small file system of its own, made larger later."""

import subprocess

import pytest

from tests.training.kill_test import SMALL, Runs


def mount(options: str, folder) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.slow
def test_a_run_on_a_full_disk_says_so_and_continues_when_there_is_space(tmp_path):
    runs = Runs(tmp_path, SMALL)
    runs.life("whole")
    disk = tmp_path / "small"
    disk.mkdir()
    if not mount("size=300k", disk):  # the first checkpoint takes 190 KiB, the second too
        pytest.skip("only root may mount")
    try:
        with pytest.raises(RuntimeError, match="exit code 1"):
            runs.life("small")
        said = (tmp_path / "small.log").read_text()
        assert "Training continues and will retry" in said and "; the newest is 10. Free" in said
        assert mount("remount,size=8m", disk)
        runs.life("small")
        assert "continuing from the checkpoint of step 10" in (tmp_path / "small.log").read_text()
        assert runs.contents("small") == runs.contents("whole")
    finally:
        subprocess.run(["umount", str(disk)], check=True)
