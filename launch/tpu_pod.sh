#!/usr/bin/env bash
# Train on a Cloud TPU slice: the same command on every host, over gcloud.
#
#   launch/tpu_pod.sh NAME ZONE --config=configs/biggan_imagenet128.py --workdir=/mnt/shared/run
#
# The slice NAME is there already (gcloud compute tpus tpu-vm create). This directory is copied to
# each host once and installed; the work directory and the data must be on storage that all hosts
# mount at the same place.
set -eu

if [ $# -lt 4 ]; then
  echo "usage: $0 NAME ZONE --config=FILE --workdir=DIR [--config.field=value ...]" >&2
  exit 2
fi
name=$1 zone=$2
shift 2
root=$(cd "$(dirname "$0")/.." && pwd)

on_every_host() {
  gcloud compute tpus tpu-vm ssh "$name" --zone="$zone" --worker=all --command="$1"
}

on_every_host 'mkdir -p jaxgan'
for part in jaxgan configs launch pyproject.toml setup.py README.md LICENSE; do
  gcloud compute tpus tpu-vm scp --recurse "$root/$part" "$name:jaxgan/" --zone="$zone" --worker=all
done
on_every_host 'python3 -m pip install --quiet -e "jaxgan[tpu]"'

# Arguments are quoted once more, for the shells of the hosts.
on_every_host "cd jaxgan && JAXGAN_DISTRIBUTED=1 python3 -m jaxgan train $(printf '%q ' "$@")"
