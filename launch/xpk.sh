#!/usr/bin/env bash
# Train on a GKE cluster that XPK manages, on one TPU slice or several:
#
#   launch/xpk.sh CLUSTER NAME IMAGE TPU_TYPE SLICES --config=... --workdir=gs://BUCKET/RUN
#   launch/xpk.sh pool biggan us-docker.pkg.dev/PROJECT/ml/jaxgan-tpu v5litepod-64 2 --config=...
#
# IMAGE is built from launch/Dockerfile with EXTRA=tpu, or EXTRA=tpu,gcs for gs:// directories. XPK
# asks gcloud for project and zone. Its flags are those of github.com/AI-Hypercomputer/xpk, June 2026.
set -eu

if [ $# -lt 7 ]; then
  echo "usage: $0 CLUSTER NAME IMAGE TPU_TYPE SLICES --config=FILE --workdir=DIR [...]" >&2
  exit 2
fi
cluster=$1 name=$2 image=$3 type=$4 slices=$5
shift 5

# XPK starts the job again after a lost host, and after the exit codes after which the same command
# continues (75: stopped and saved, 76: another process is gone); after others it ends.
exec xpk workload create --cluster="$cluster" --workload="$name" --docker-image="$image" \
  --tpu-type="$type" --num-slices="$slices" \
  --max-restarts=20 --restart-on-exit-codes=75,76 --termination-grace-period-seconds=300 \
  --env=JAXGAN_DISTRIBUTED=1 --env=JAXGAN_TIMEOUT=900 \
  --command="python -m jaxgan train $(printf '%q ' "$@")"
