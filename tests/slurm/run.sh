#!/usr/bin/env bash
# Run launch/slurm.sbatch on a real Slurm: controller and node daemon on this machine, two tasks.
# Needs root and Debian's packages slurm-wlm and munge. Leaves nothing running.
#   tests/slurm/run.sh [PYTHON]
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
python=${1:-python}
for program in munged slurmctld slurmd sbatch; do
  command -v "$program" >/dev/null || {
    echo "$program is missing: apt-get install slurm-wlm munge" >&2
    exit 1
  }
done

dir=$(mktemp -d)
chmod 755 "$dir"
pids=()
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait
  rm -rf "$dir"
}
trap finish EXIT

free_port() { "$python" -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])'; }

mkdir "$dir/munge" "$dir/state" "$dir/spool"
chmod 700 "$dir/munge"
head -c 1024 /dev/urandom >"$dir/munge/key"
chmod 400 "$dir/munge/key"
munged --foreground --force --key-file="$dir/munge/key" --socket="$dir/socket" \
  --pid-file="$dir/munge/pid" --log-file="$dir/munge/log" --seed-file="$dir/munge/seed" &
pids+=($!)

host=$(hostname -s)
export SLURM_CONF=$dir/slurm.conf
cat >"$SLURM_CONF" <<END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$dir/socket
CredType=cred/munge
SlurmctldPort=$(free_port)
SlurmdPort=$(free_port)
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
END
slurmctld -D &
pids+=($!)
slurmd -D &
pids+=($!)

for _ in $(seq 60); do
  sinfo --noheader --format=%T 2>/dev/null | grep -q idle && break
  sleep 1
done
sinfo || { cat "$dir"/slurm*.log >&2; exit 1; }

export JAX_PLATFORMS=cpu JAX_NUM_CPU_DEVICES=4 JAXGAN_PYTHON=$python PYTHONPATH=$root
cd "$root"
timeout 1500 sbatch --wait --ntasks-per-node=2 --output="$dir/job.log" launch/slurm.sbatch \
  --config=configs/debug.py --workdir="$dir/run" --config.train.steps=4 \
  '--config.data.size=(8, 8)' --config.train.log_every=2 --config.train.sample_every=4 \
  --config.sample.standing_batches=2 || { cat "$dir/job.log" "$dir"/slurm*.log >&2; exit 1; }

cat "$dir/job.log"
grep -q "8 devices (data 8, fsdp 1), 2 processes" "$dir/job.log"
grep -q "done: 4 steps" "$dir/job.log"
test -f "$dir/run/samples/00000004.png"
echo "slurm: passed"
