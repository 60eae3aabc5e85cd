# shellcheck shell=bash
# Makes .venv with the packages that launch/lock has pinned (and, for the second stage of the tests,
# those of requirements-slow.txt), by uv where it is installed, else by pip; sourced by quickstart
# and test.
# VENV=DIR makes another place of .venv.
# Safe to repeat: does nothing when it is up to date. One clear line on failure.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=${VENV:-$root/.venv}
log=$venv-install.log

fail() {
  echo "jaxgan: $*" >&2
  exit 1
}

find_python() {
  local candidate
  for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python3.14; do
    if [ -n "$candidate" ] &&
      "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  fail "Python 3.11 or newer is needed and was not found: install it, or set PYTHON=/path/to/python3.11"
}

install() {
  if command -v uv >/dev/null; then
    uv pip install --quiet --python "$venv/bin/python" "$@" >>"$log" 2>&1
  else
    "$venv/bin/python" -m pip install --disable-pip-version-check --quiet "$@" >>"$log" 2>&1
  fi
}

setup() {
  local python wanted free_mb lock
  wanted=$(cat "$root"/launch/requirements{,-3.13}.txt "$root/pyproject.toml" | cksum)
  if [ -x "$venv/bin/python" ] && [ "$(cat "$venv/jaxgan-installed" 2>/dev/null)" = "$wanted" ]; then
    echo "jaxgan: $venv is ready"
    return
  fi
  python=$(find_python) || exit 1
  lock=$root/launch/requirements.txt
  if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 13))'; then
    lock=$root/launch/requirements-3.13.txt
  fi
  free_mb=$(df -Pm "$root" | awk 'NR == 2 {print $4}')
  [ "$free_mb" -ge 2000 ] || fail "2000 MB of disk are needed in $root, $free_mb MB are free"

  echo "jaxgan: making $venv with $("$python" --version) ..."
  "$python" -m venv "$venv" >"$log" 2>&1 ||
    fail "$python cannot make a virtual environment (Debian: apt install python3-venv); see $log"
  echo "jaxgan: installing pinned packages, 1.1 GB on disk (1 to 3 minutes) ..."
  install -r "$lock" ||
    fail "packages cannot be installed (network? disk?): $(grep -m 1 -i error "$log"); see $log"
  install --no-deps --no-build-isolation -e "$root" ||
    fail "jaxgan cannot be installed: $(grep -m 1 -i error "$log"); see $log"
  echo "$wanted" >"$venv/jaxgan-installed"
}

setup_slow() {
  local wanted
  wanted=$(cat "$root/launch/requirements-slow.txt" "$venv/jaxgan-installed" | cksum)
  [ "$(cat "$venv/jaxgan-installed-slow" 2>/dev/null)" = "$wanted" ] && return
  echo "jaxgan: installing what the second stage needs, PyTorch among it (1 to 5 minutes) ..."
  # torch-fidelity alone: nothing that is used of it needs the torchvision that it asks for.
  { install -r "$root/launch/requirements-slow.txt" &&
    install --no-deps torch-fidelity==0.4.0; } ||
    fail "packages of the second stage cannot be installed: $(grep -m 1 -i error "$log"); see $log"
  echo "$wanted" >"$venv/jaxgan-installed-slow"
}
