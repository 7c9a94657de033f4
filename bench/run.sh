#!/usr/bin/env bash
# Builds what users run and measures it: deliveries on real sockets, JSON, event logs, bridges that share
# one, then single steps.
#
#   bench/run.sh [--write] [--check] [fanout's options, such as --runs=9]
#
# --write puts the figures into bench/RESULTS.md; --check fails when one of them is missed.
# BUILD names the build folder; default: build/release.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build/release}

write=false
check=()
options=()
for option in "$@"; do
  case $option in
    --write) write=true ;;
    --check) check=(--check) ;;
    *) options+=("$option") ;;
  esac
done

# A folder that is configured already keeps its settings.
[[ -f $build/build.ninja ]] ||
  cmake --preset release -B "$build" -DSLUICE_TESTS=OFF -DSLUICE_EXAMPLES=OFF >/dev/null
targets=(sluice sluice_bench json_bench event_log_bench bare_loop fanout)
if grep -q '^SLUICE_JETSTREAM:[A-Z]*=ON' "$build/CMakeCache.txt"; then targets+=(cluster_bench); fi
ninja -C "$build" "${targets[@]}" >&2
ulimit -n "$(ulimit -Hn)"

report=$(mktemp)
trap 'rm -f "$report"' EXIT
status=0

say() { printf '%s\n' "$@" | tee -a "$report"; }

# measure TITLE COMMAND...: a section of the report. 1: a figure is missed; 2: could not be measured.
measure() {
  local failed=0
  say '' "## $1" ''
  "${@:2}" | tee -a "$report" || failed=$?
  if ((failed > status)); then status=$failed; fi
}

say "# Results" "" \
  "Written by \`bench/run.sh --write\`. How to read it: [README.md](README.md)." "" \
  "- $(date -u +%F), commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown)" \
  "- $(nproc) cores of $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), $(
    awk '/MemTotal/ {printf "%.0f GiB", $2 / 1048576}' /proc/meminfo), Linux $(uname -r)" \
  "- $(. /etc/os-release && echo "$PRETTY_NAME"), $(c++ --version | head -1)"

steps() {
  echo '```'
  "$build/sluice_bench" --benchmark_min_time=0.2 2>/dev/null
  echo '```'
}

measure "Deliveries" "$build/fanout" "${check[@]}" "${options[@]}"
measure "JSON" "$build/json_bench" "${check[@]}" --benchmark_min_time=0.2 \
  --benchmark_repetitions=5 --benchmark_enable_random_interleaving=true
measure "Event logs" "$build/event_log_bench" "${check[@]}" --folder="$build"
if [[ " ${targets[*]} " == *" cluster_bench "* ]]; then
  measure "Bridges that share a log" "$build/cluster_bench" "${check[@]}" --folder="$build"
fi
measure "Single steps" steps

if $write && ((status < 2)); then cp "$report" bench/RESULTS.md; fi
exit "$status"
