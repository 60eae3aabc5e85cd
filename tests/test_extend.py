"""docs/extend.md as a newcomer follows it: its files, written as they stand, and its commands."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "extend.md").read_text(encoding="utf-8")


def test_the_page_runs(tmp_path):
    files = re.findall(r"```python\n# (mine/\w+\.py)\n(.*?)```", PAGE, re.S)
    assert [name for name, _ in files] == [
        f"mine/{n}.py" for n in ("model", "objective", "drift", "config")
    ]
    for name, code in files:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(code, encoding="utf-8")
    (commands,) = re.findall(r"```bash\n(.*?)```", PAGE, re.S)
    lengths = {name: len([x for x in code.splitlines() if x.strip()]) for name, code in files}
    assert lengths["mine/model.py"] <= 45 and lengths["mine/objective.py"] <= 25
    assert lengths["mine/drift.py"] <= 10
    env = {**os.environ, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}
    for line in commands.strip().splitlines():
        argv = line.split()
        assert argv[0] == "jaxgan"
        if argv[1] == "train":
            argv += ["--config.train.steps=2", "--config.sample.standing_batches=1"]
        subprocess.run(
            [sys.executable, "-m", *argv], cwd=tmp_path, env=env, check=True, capture_output=True
        )
    log = (tmp_path / "runs/mine/metrics.jsonl").read_text()
    assert '"d/drift"' in log
    assert (tmp_path / "mine.png").stat().st_size > 500
    assert (tmp_path / "mine.stablehlo").stat().st_size > 1000
