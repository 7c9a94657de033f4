#!/usr/bin/env bash
# Builds the fuzzers (clang) and runs each of them for a while:
#   tests/fuzz/run.sh                  20 seconds each
#   tests/fuzz/run.sh --seconds 600    ten minutes each
#   tests/fuzz/run.sh --only NAME      one of them
# Starts from tests/fuzz/corpus/NAME; what it finds on its way stays in build/fuzz/corpus/NAME, an input
# that breaks something in build/fuzz/crashes.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=20
only=
while [ $# -gt 0 ]; do
  case "$1" in
    --seconds) seconds=$2; shift 2 ;;
    --only) only=$2; shift 2 ;;
    *) sed -n '2,7p' "$0"; exit 2 ;;
  esac
done

cmake --preset fuzz >/dev/null
targets=$(cd tests/fuzz && printf '%s\n' *_fuzzer.cc | sed 's/\.cc$//')
targets=${only:-$targets}
[ -n "$targets" ] || { echo "no fuzzers are defined" >&2; exit 1; }
# shellcheck disable=SC2086
ninja -C build/fuzz $targets

mkdir -p build/fuzz/crashes
export seconds
run_one() {
  local name=$1 log=build/fuzz/$1.log
  local corpus=("build/fuzz/corpus/$name")
  mkdir -p "${corpus[0]}"
  [ ! -d "tests/fuzz/corpus/$name" ] || corpus+=("tests/fuzz/corpus/$name")
  if "build/fuzz/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
      -artifact_prefix="build/fuzz/crashes/$name-" "${corpus[@]}" >"$log" 2>&1; then
    echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") runs in $seconds s, nothing found"
  else
    tail -n 40 "$log"
    echo "$name: FAILED, see $log"
    return 1
  fi
}
export -f run_one
# One on each core. (xargs fails if one of them does.)
echo "$targets" | xargs -P "$(nproc)" -I{} bash -c 'run_one "$1"' run_one {}
