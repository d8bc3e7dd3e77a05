#!/bin/sh
# Installs what plgraph needs from Debian's packages. Does nothing when all of it is there.
# usage: tools/install_dependencies.sh [--checks]     --checks: also what the checks in CI need
set -eu

packages="g++ cmake ninja-build ccache pkg-config
  libblis-dev libblis-serial-dev libboost-dev libboost-graph-dev libhwy-dev
  libprotobuf-dev protobuf-compiler libcli11-dev libfmt-dev nlohmann-json3-dev zlib1g-dev libpng-dev
  libgtest-dev libgmock-dev librapidcheck-dev
  python3 python3-numpy python3-torch time"
if [ "${1:-}" = --checks ]; then
  packages="$packages clang-format clang-tidy clang libclang-rt-14-dev python3-venv nodejs"
fi

missing=""
for package in $packages; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing="$missing $package"
done
install_packages() {
  as_root=""
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "These packages are missing:$missing" >&2
      echo "Run this script as root, or install sudo first." >&2
      exit 1
    fi
    as_root="sudo"
  fi
  echo "Installing:$missing"
  $as_root apt-get update -q
  # shellcheck disable=SC2086  # one word a package
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
}
[ -z "$missing" ] || install_packages

# TensorBoard's own reader, with which tests/cli/tensorboard_test.cc reads what `train --tensorboard` writes.
venv="$(dirname "$0")/../build/tensorboard"
if [ "${1:-}" = --checks ] && ! "$venv/bin/python3" -c "import tensorboard" 2>/dev/null; then
  /usr/bin/python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet tensorboard==2.21.0 "setuptools<81"
fi
