#!/usr/bin/env bash
# Builds the wheel of the Python package, installs it into an empty environment with NumPy alone, and embeds two sentences
# with MiniLM there. Usage: tools/check_wheel.sh [FOLDER for the wheel]. Not a part of `make test`: it compiles everything once.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(mkdir -p "${1:-build/wheelhouse}" && cd "${1:-build/wheelhouse}" && pwd)
export PATH="$HOME/.cargo/bin:$PATH"
# The compilers by the names that CMake finds them by: objects of other build folders are shared by ccache.
CC=${CC:-cc} CXX=${CXX:-c++} .venv/bin/python -m pip wheel -q --no-build-isolation --no-deps -w "$out" .
model=$(.venv/bin/python tools/model_path.py minilm)
venv=$(mktemp -d)
trap 'rm -rf "$venv"' EXIT
python3 -m venv "$venv"
"$venv/bin/python" -m pip install -q --disable-pip-version-check numpy==2.4.6
"$venv/bin/python" -m pip install -q --disable-pip-version-check --no-deps "$(ls -t "$out"/ipfs_accelerate-*.whl | head -1)"
cd "$venv"
"$venv/bin/python" - "$model" <<'PY'
import importlib.metadata
import sys

import ipfs_accelerate
import numpy

embed = ipfs_accelerate.pipeline("feature-extraction", sys.argv[1])
near, same, far = numpy.array(embed(["A cat sits on the mat.", "A kitten rests on a rug.", "The stock market fell sharply."]))
packages = sorted(d.metadata["Name"] for d in importlib.metadata.distributions())
print("installed:", ", ".join(packages))
print(f"similarity of near sentences {near @ same:.3f}, of far ones {near @ far:.3f}")
assert near @ same > 0.5 > near @ far and abs(near @ near - 1) < 1e-5
PY
