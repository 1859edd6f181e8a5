#!/usr/bin/env bash
# Configures and builds. Usage: tools/build.sh FOLDER PRESET [TARGET...]
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$1 preset=$2
shift 2
export PATH="$HOME/.cargo/bin:$PATH"
start=$(date +%s)
# Configured once, and again when the tests can be built for the first time.
if [ ! -f "$folder/build.ninja" ] || { grep -q '^GTest_DIR.*NOTFOUND' "$folder/CMakeCache.txt" && [ -d /usr/include/gtest ]; }; then
  echo "[build] configuring $folder"
  cmake --preset "$preset" -B "$folder" >"/tmp/accelerate-configure.$$" 2>&1 || { cat "/tmp/accelerate-configure.$$" >&2; rm -f "/tmp/accelerate-configure.$$"; exit 1; }
  rm -f "/tmp/accelerate-configure.$$"
fi
# One line of progress on a terminal, one line in sixty in a log.
if [ -t 1 ]; then
  ninja -C "$folder" "$@"
else
  set -o pipefail
  ninja -C "$folder" "$@" | awk '/^\[[0-9]+\/[0-9]+\]/ { if (n++ % 60 == 0) { print; fflush() } last = $0; next } /^ninja: (Entering|no work)/ { next } { print } END { if (last) print last }'
fi
echo "[build] $folder is up to date ($(( $(date +%s) - start )) s)"
