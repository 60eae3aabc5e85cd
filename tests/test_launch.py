"""What launches a run: scripts that a shell accepts, files that name what exists."""

import importlib.util
import json
import math
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from jaxgan.devices.heartbeat import LOST
from jaxgan.training.train import INTERRUPTED

ROOT = Path(__file__).parents[1]
LAUNCH = ROOT / "launch"


def module(name):
    spec = importlib.util.spec_from_file_location(name, LAUNCH / f"{name}.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not installed")
def test_shell_scripts_pass_shellcheck():
    scripts = [
        LAUNCH / name for name in ("quickstart", "test", "slurm.sbatch", "tpu_pod.sh", "xpk.sh")
    ]
    scripts += [ROOT / ".ci/run", ROOT / "tests/slurm/run.sh"]
    done = subprocess.run(["shellcheck", "-x", *scripts], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["slurm.sbatch", "tpu_pod.sh", "xpk.sh"])
def test_shell_scripts_are_valid(name):
    assert subprocess.run(["bash", "-n", LAUNCH / name]).returncode == 0


@pytest.mark.parametrize(
    ("slurm", "ids"),
    [
        ({"SLURM_NTASKS_PER_NODE": "1", "SLURM_GPUS_ON_NODE": "4"}, "0,1,2,3"),
        ({"SLURM_NTASKS_PER_NODE": "4", "SLURM_GPUS_ON_NODE": "4"}, ""),
        ({"SLURM_NTASKS_PER_NODE": "1"}, ""),
    ],
)
def test_the_only_task_of_a_node_gets_all_its_gpus(tmp_path, slurm, ids):
    """JAX gives a Slurm task the GPU of its number, unless JAX_LOCAL_DEVICE_IDS says otherwise."""
    srun = tmp_path / "srun"
    srun.write_text('#!/bin/sh\necho "$JAXGAN_DISTRIBUTED:$JAX_LOCAL_DEVICE_IDS"\n')
    srun.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"} | slurm
    script = ["bash", LAUNCH / "slurm.sbatch"]
    done = subprocess.run(script, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"1:{ids}\n", "")


@pytest.mark.parametrize(
    ("code", "restarts", "is_queued"),
    [(0, 0, False), (1, 0, False), (75, 99, True), (76, 0, True), (76, 19, True), (76, 20, False)],
)
def test_a_slurm_job_is_queued_again_where_the_same_command_continues(
    tmp_path, code, restarts, is_queued
):
    for name, text in (("srun", f"exit {code}"), ("scontrol", f'echo "$@" >{tmp_path}/queued')):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SLURM_JOB_ID": "7"}
    environment["SLURM_RESTART_COUNT"] = str(restarts)
    script = ["bash", LAUNCH / "slurm.sbatch"]
    assert subprocess.run(script, env=environment, capture_output=True).returncode == code
    queued = tmp_path / "queued"
    assert queued.exists() == is_queued
    assert not is_queued or queued.read_text() == "requeue 7\n"


@pytest.mark.parametrize(
    ("npm", "says"), [(None, "needs npm"), ("exit 1", "npm's registry cannot be reached")]
)
def test_the_quick_start_in_colour_says_at_once_that_its_data_cannot_be_fetched(
    tmp_path, npm, says
):
    """In a copy without data, before anything is installed."""
    (tmp_path / "launch").mkdir()
    (tmp_path / "bin").mkdir()
    for name in ("quickstart", "setup.sh"):
        shutil.copy(LAUNCH / name, tmp_path / "launch" / name)
    for name in ("bash", "dirname"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))
    if npm is not None:
        (tmp_path / "bin/npm").write_text(f"#!/bin/bash\n{npm}\n")
        (tmp_path / "bin/npm").chmod(0o755)
    command = [shutil.which("bash"), tmp_path / "launch/quickstart", "--colour"]
    environment = {"PATH": str(tmp_path / "bin")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    (line,) = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (1, "")
    assert says in line and "leave --colour out" in line


def test_tpu_pod_says_how_to_use_it():
    done = subprocess.run([LAUNCH / "tpu_pod.sh", "name"], capture_output=True, text=True)
    assert done.returncode == 2 and "usage:" in done.stderr


# Of `xpk workload create`, in github.com/AI-Hypercomputer/xpk at 367c838 (25 June 2026).
XPK_FLAGS = {
    *("cluster", "workload", "docker-image", "tpu-type", "num-slices", "max-restarts", "env"),
    *("restart-on-exit-codes", "termination-grace-period-seconds", "command"),
}


def test_xpk_gets_the_command_and_its_flags(tmp_path):
    (tmp_path / "xpk").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (tmp_path / "xpk").chmod(0o755)
    script = [LAUNCH / "xpk.sh", "pool", "run", "image:1", "v5litepod-64", "2"]
    jaxgan = ["--config=configs/debug.py", "--workdir=gs://b/a run"]
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run([*script, *jaxgan], env=environment, capture_output=True, text=True)
    words = done.stdout.splitlines()
    assert done.returncode == 0 and words[:2] == ["workload", "create"]
    flags = [word.removeprefix("--").partition("=") for word in words[2:]]
    assert {name for name, _, _ in flags} == XPK_FLAGS
    values = {name: value for name, _, value in flags}
    assert values["num-slices"] == "2" and values["tpu-type"] == "v5litepod-64"
    codes = values["restart-on-exit-codes"].split(",")
    assert list(map(int, codes)) == [INTERRUPTED, LOST]
    assert shlex.split(values["command"]) == ["python", "-m", "jaxgan", "train", *jaxgan]
    done = subprocess.run(script, capture_output=True, text=True)
    assert done.returncode == 2 and "usage:" in done.stderr


def test_the_jobset_of_gpus_numbers_its_machines_and_names_the_first():
    job = yaml.safe_load((LAUNCH / "gpu_jobset.yaml").read_text())
    (replicated,) = job["spec"]["replicatedJobs"]
    batch = replicated["template"]["spec"]
    (container,) = batch["template"]["spec"]["containers"]
    given = {e["name"]: e.get("value", e.get("valueFrom")) for e in container["env"]}
    assert replicated["replicas"] == 1 and batch["completionMode"] == "Indexed"
    assert batch["parallelism"] == batch["completions"] == int(given["JAX_NUM_PROCESSES"])
    host, _, port = given["JAX_COORDINATOR_ADDRESS"].partition(":")
    name = job["metadata"]["name"]
    assert job["spec"]["network"]["enableDNSHostnames"]
    assert host == f"{name}-{replicated['name']}-0-0.{name}"  # JobSet's names of pods
    assert container["ports"] == [{"containerPort": int(port)}]
    index = "metadata.annotations['batch.kubernetes.io/job-completion-index']"
    assert given["JAX_PROCESS_ID"] == {"fieldRef": {"fieldPath": index}}
    mounts = {mount["name"] for mount in container["volumeMounts"]}
    assert mounts == {volume["name"] for volume in batch["template"]["spec"]["volumes"]}


def test_jobset_asks_for_all_hosts_of_its_slice():
    job = yaml.safe_load((LAUNCH / "gke_jobset.yaml").read_text())
    assert job["apiVersion"] == "jobset.x-k8s.io/v1alpha2" and job["kind"] == "JobSet"
    (replicated,) = job["spec"]["replicatedJobs"]
    batch = replicated["template"]["spec"]
    pod = batch["template"]["spec"]
    (container,) = pod["containers"]
    chips = int(container["resources"]["limits"]["google.com/tpu"])
    shape = pod["nodeSelector"]["cloud.google.com/gke-tpu-topology"]
    assert batch["parallelism"] == batch["completions"]
    assert batch["parallelism"] * chips == math.prod(map(int, shape.split("x")))
    assert pod["restartPolicy"] == "Never" and batch["backoffLimit"] == 0
    assert {"name": "JAXGAN_DISTRIBUTED", "value": "1"} in container["env"]
    assert {m["name"] for m in container["volumeMounts"]} == {v["name"] for v in pod["volumes"]}
    config = next(a for a in container["args"] if a.startswith("--config="))
    assert config.endswith(".py") and container["args"][0] == "train"


def test_dockerfile_copies_what_exists_and_runs_the_command():
    text = (LAUNCH / "Dockerfile").read_text()
    instructions = re.findall(r"^([A-Z]+) (.*)$", text, re.MULTILINE)
    known = {"FROM", "ARG", "WORKDIR", "COPY", "RUN", "USER", "ENTRYPOINT", "CMD"}
    assert {name for name, _ in instructions} <= known
    for name, rest in instructions:
        if name == "COPY":
            assert all((ROOT / source).exists() for source in rest.split()[:-1]), rest
        if name in ("ENTRYPOINT", "CMD"):
            json.loads(rest)
    (user,) = (rest for name, rest in instructions if name == "USER")
    assert user != "0" and user.isdecimal()  # a number: a host need not know the name


@pytest.mark.slow
def test_dockerfile_passes_hadolint():
    hadolint = Path(sys.executable).parent / "hadolint"
    if not hadolint.exists():
        pytest.skip("hadolint is not installed")
    done = subprocess.run([hadolint, LAUNCH / "Dockerfile"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gke_jobset.yaml", "gpu_jobset.yaml"])
def test_jobs_of_the_jobset_are_what_kubernetes_accepts(name):
    """Against the schemas of Kubernetes, strictly. Those of JobSet itself are not packaged."""
    validator = pytest.importorskip("kubernetes_validate")
    jobset = yaml.safe_load((LAUNCH / name).read_text())
    (replicated,) = jobset["spec"]["replicatedJobs"]
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "slice"}}
    job["spec"] = replicated["template"]["spec"]
    validator.validate(job, "1.34", strict=True)
    job["spec"]["parallelisms"] = 16
    with pytest.raises(validator.ValidationError):
        validator.validate(job, "1.34", strict=True)


@pytest.mark.parametrize("codes,expected", [((0, 0), 0), ((0, 3), 3), ((75, 75), 75)])
def test_local_returns_the_first_bad_exit_code(codes, expected):
    local = module("local")
    group = [
        subprocess.Popen([sys.executable, "-c", f"raise SystemExit({code})"]) for code in codes
    ]
    assert local.wait(group, grace=5.0) == expected


def test_local_ends_what_is_left_when_one_process_fails():
    local = module("local")
    programs = ("raise SystemExit(3)", "import time; time.sleep(600)")
    group = [subprocess.Popen([sys.executable, "-c", program]) for program in programs]
    assert local.wait(group, grace=0.0) == 3
    assert group[1].wait(timeout=30) < 0


# Stands for jaxgan: prints the number of each signal, ends at SIGTERM.
PRINTS_SIGNALS = """
import signal, sys, time

def handle(number, _):
    print(number, flush=True)
    if number == signal.SIGTERM:
        sys.exit(0)

for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, handle)
print("ready", flush=True)
while True:
    time.sleep(60)
"""


def test_local_passes_on_a_ctrl_c_once(tmp_path):
    (tmp_path / "jaxgan.py").write_text(PRINTS_SIGNALS)
    # Ignored below a shell's `pytest &`.
    code = "import runpy, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code += "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    launched = subprocess.Popen(
        [sys.executable, "-c", code, LAUNCH / "local.py", "--processes=2", "--", "train"],
        cwd=tmp_path,  # whose jaxgan.py -m finds first
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    lines = [launched.stdout.readline() for _ in range(2)]
    os.killpg(launched.pid, signal.SIGINT)  # as a terminal does
    lines += [launched.stdout.readline() for _ in range(2)]
    launched.send_signal(signal.SIGTERM)
    lines += launched.communicate(timeout=60)[0].splitlines(keepends=True)
    assert launched.returncode == 0
    for index in range(2):
        own = [line.split()[1] for line in lines if line.startswith(f"[{index}]")]
        assert own == ["ready", "2", "15"]


def test_compile_table_compiles_one_command_once(monkeypatch, tmp_path):
    table, flags = module("compile_table"), ["--config=x", "--topology=v5e:2x2"]
    made = []

    def compiled(flags):
        made.append(flags)
        return {"command": table.command(flags)}

    monkeypatch.setattr(table, "entries", lambda: {"a": flags, "b": [*flags, "--y"], "c": flags})
    monkeypatch.setattr(table, "compiled", compiled)
    monkeypatch.setattr(table, "page", lambda reports: "")
    monkeypatch.setattr(sys, "argv", ["compile_table", f"--output={tmp_path / 'found.json'}"])
    table.main()
    assert made == [flags, [*flags, "--y"]]
    found = json.loads((tmp_path / "found.json").read_text())
    assert list(found) == ["a", "b", "c"] and found["c"] == found["a"] != found["b"]


def test_compile_table_has_a_row_for_every_entry_and_says_what_does_not_fit():
    table = module("compile_table")
    names = list(table.entries())
    assert len(names) == len(set(names)) == 7 * 5 + 6 + 2 + 3 + 1
    assert table.chips("v5p:4x4x4") == 64
    size = {"state": 2**30, "temporaries": 2**31, "peak": 3 * 2**30, "capacity": 2**34}
    seconds = {"compute": 0.05, "memory": 0.1, "network": 0.02, "roofline": 0.1}
    good = {"bytes": size, "batch_a_device": 32, "flops": 1e13, "traffic": 8e10, "fits": True}
    good |= {"seconds": seconds, "images_per_second": 20480.0, "remedies": []}
    good["collectives"] = {"all-reduce": {"count": 27, "bytes": 10**9}}
    good["topology"] = "v5e:8x8"
    card = good | {"topology": table.CARDS, "launches": 1695}
    size = {"state": 2**30, "peak": 2**35, "capacity": 2**34}
    bad = {"bytes": size, "batch_a_device": 32, "fits": False, "remedies": ["model.remat = True"]}
    bad["topology"] = "v5e:8x8"
    page = table.page({"a": good, "b": bad, "c": card})
    assert "| a | 32 | 1.00 | 2.00 | 3.00 of 16 | 10.00 | 80.0 | 1,000 (27) | - |" in page
    assert "| 50 / 100 / 20 | 20,480 | fits |" in page
    assert "| 32.00 of 16 | - | - | - | - | - | - | no: model.remat = True |" in page
    assert "| c | 32 | 1.00 | 2.00 | 3.00 of 16 | 10.00 | 80.0 | 1,695 | 1,000 (27) | - |" in page
    for part in page.split("##")[1:]:
        widths = {line.count("|") for line in part.splitlines() if line.startswith("|")}
        assert len(widths) == 1
