#!/usr/bin/env bash
# Layers, formatting and clang-tidy. Usage: tools/lint.sh [format|tidy|all]
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-all}
mapfile -t files < <(git ls-files 'src/*.cpp' 'src/*.h' 'src/*.inc' 'include/*.h' 'tests/*.cpp' 'tests/*.h' 'bench/*.cpp' 'bindings/*.cpp' 'bindings/*.h')
if [ "$what" != tidy ]; then
  [ "$what" = format ] || python3 tools/check_layers.py
  .venv/bin/clang-format --dry-run --Werror "${files[@]}"
  echo "format: ${#files[@]} files are as .clang-format says"
fi
if [ "$what" != format ]; then
  mapfile -t sources < <(git ls-files 'src/*.cpp' | grep -v -e '_cases\.cpp$' -e '/kernels/simd/')
  printf '%s\n' "${sources[@]}" | xargs -P "$(nproc)" -n 4 clang-tidy-19 -p build/release --quiet --warnings-as-errors='*'
  echo "clang-tidy: ${#sources[@]} files without a warning"
fi
