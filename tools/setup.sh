#!/usr/bin/env bash
# Installs what is missing: Debian packages, the Python environment in .venv, and (for "test") the references and peers.
# Usage: tools/setup.sh run|test. Does nothing the second time. ENGINES=none leaves the engines of others out.
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-run}

say() { printf '[setup] %s\n' "$*"; }
die() { printf '[setup] error: %s\n' "$*" >&2; exit 1; }

packages=(g++ cmake ninja-build ccache mold pkg-config nlohmann-json3-dev libsimdjson-dev libcli11-dev libspdlog-dev libfmt-dev
  zlib1g-dev libjpeg62-turbo-dev libpng-dev libwebp-dev libsndfile1-dev libsoxr-dev libssl-dev libsqlite3-dev
  libcurl4-openssl-dev libboost-dev python3 python3-venv)
if [ "$what" = test ]; then
  packages+=(python3-dev libgtest-dev libgmock-dev clang-19 libclang-rt-19-dev clang-tidy-19)
fi
# An executable that is there already need not come from a package.
missing=()
for p in "${packages[@]}"; do
  case $p in
    g++|cmake|ccache|mold|python3) command -v "$p" >/dev/null && continue ;;
    ninja-build) command -v ninja >/dev/null && continue ;;
    pkg-config) command -v pkg-config >/dev/null && continue ;;
    python3-venv) python3 -c 'import ensurepip, venv' 2>/dev/null && continue ;;
  esac
  dpkg -s "$p" 2>/dev/null | grep -q '^Status: install ok installed' || missing+=("$p")
done
if [ ${#missing[@]} -gt 0 ]; then
  say "installing Debian packages: ${missing[*]}"
  sudo=""
  [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null && sudo=sudo; }
  [ "$(id -u)" = 0 ] || [ -n "$sudo" ] || die "these packages are missing and you are not root: ${missing[*]}; install them, then run this again"
  log=$(mktemp)
  { $sudo apt-get update -q && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 ||
    { tail -n 20 "$log" >&2; die "apt-get failed; its output is in $log"; }
fi
command -v cargo >/dev/null || [ -x "$HOME/.cargo/bin/cargo" ] || die "cargo is missing; install Rust 1.80 or newer (rustup, or Debian's cargo package), then run this again"

python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || die "Python 3.10 or newer is needed; found $(python3 --version)"
[ -x .venv/bin/python ] || { say "making the Python environment .venv"; python3 -m venv .venv; }
install() { # install NAME SIZE [pip options]: a requirements file, once and again when it changes
  local name=$1 size=$2 stamp=.venv/.installed-$1 sum
  shift 2
  sum=$(sha256sum "tools/requirements/$name.txt" | cut -d' ' -f1)
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sum" ] && return 0
  say "installing Python packages: tools/requirements/$name.txt (once; $size)"
  .venv/bin/python -m pip install -q --disable-pip-version-check --no-input "$@" -r "tools/requirements/$name.txt" || die "pip failed for tools/requirements/$name.txt"
  printf '%s' "$sum" >"$stamp"
}
install run "about 120 MB" --no-deps
if [ "$what" = test ]; then
  install test "about 4.5 GB, some minutes"
  [ "${ENGINES:-all}" = none ] || install max "about 530 MB" --no-deps
fi
