#!/usr/bin/env bash
# Builds the fuzz targets with AddressSanitizer and UndefinedBehaviorSanitizer and runs each for a bounded time from its
# corpus. Usage: tools/fuzz.sh [SECONDS_EACH [SEED]]. One seed tries the same inputs in the same order every time;
# another (0: a random one) looks for what nobody has met yet.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-20}
seed=${2:-1}
if ! command -v clang++-19 >/dev/null; then
  echo "skipped: clang++-19 is not installed (tools/setup.sh test installs it)"
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
fi
tools/build.sh build/fuzz fuzz fuzz_targets
# Leaks inside system libraries on malformed streams; none of ours.
export LSAN_OPTIONS="suppressions=$PWD/tests/fuzz/leaks.supp:print_suppressions=0"
passed=0 failed=0
for target in build/fuzz/tests/fuzz/fuzz_*; do
  [ -x "$target" ] && [ -f "$target" ] || continue
  name=$(basename "$target"); name=${name#fuzz_}
  work=$(mktemp -d)
  log=$work/log
  if "$target" -seed="$seed" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 -artifact_prefix="build/fuzz/crash-$name-" "$work" "tests/fuzz/corpus/$name" >"$log" 2>&1; then
    echo "ok   $name: $(grep -E '^(Done|stat::number_of_executed)' "$log" | tail -1)"
    passed=$((passed + 1))
  else
    echo "FAIL $name"; tail -n 40 "$log"
    failed=$((failed + 1))
  fi
  rm -rf "$work"
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
