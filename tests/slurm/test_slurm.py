"""launch/slurm.sbatch on a real Slurm: see run.sh beside this file."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch")
MISSING = [name for name in PROGRAMS if shutil.which(name) is None]


@pytest.mark.slow
@pytest.mark.skipif(bool(MISSING), reason="apt-get install slurm-wlm munge")
@pytest.mark.skipif(os.geteuid() != 0, reason="the daemons need root")
def test_two_tasks_of_a_job_are_one_run():
    script = Path(__file__).parent / "run.sh"
    done = subprocess.run([script, sys.executable], capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "slurm: passed" in done.stdout
