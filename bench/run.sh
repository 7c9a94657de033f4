#!/usr/bin/env bash
# Builds what users run and measures it: deliveries on real sockets, JSON, then single steps.
#
#   bench/run.sh [--write] [--check] [fanout's options, such as --runs=9]
#
# --write puts the figures into bench/RESULTS.md; --check fails when one of them is missed.
# BUILD names the build folder; default: build/release.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build/release}

write=false
options=()
json_options=(--benchmark_min_time=0.2 --benchmark_repetitions=5
  --benchmark_enable_random_interleaving=true)
for option in "$@"; do
  if [[ $option == --write ]]; then write=true; else options+=("$option"); fi
  if [[ $option == --check ]]; then json_options+=("$option"); fi
done

# A folder that is configured already keeps its settings.
[[ -f $build/build.ninja ]] ||
  cmake --preset release -B "$build" -DSLUICE_TESTS=OFF -DSLUICE_EXAMPLES=OFF >/dev/null
ninja -C "$build" sluice sluice_bench json_bench event_log_bench bare_loop fanout >&2
ulimit -n "$(ulimit -Hn)"

report=$(mktemp)
trap 'rm -f "$report"' EXIT
{
  echo "# Results"
  echo
  echo "Written by \`bench/run.sh --write\`. How to read it: [README.md](README.md)."
  echo
  echo "- $(date -u +%F), commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
  echo "- $(nproc) cores of $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)," \
    "$(awk '/MemTotal/ {printf "%.0f GiB", $2 / 1048576}' /proc/meminfo), Linux $(uname -r)"
  echo "- $(. /etc/os-release && echo "$PRETTY_NAME"), $(c++ --version | head -1)"
  echo
  echo "## Deliveries"
  echo
} >"$report"
cat "$report"
status=0
"$build/fanout" "${options[@]}" | tee -a "$report" || status=$?

{
  echo
  echo "## JSON"
  echo
} | tee -a "$report"
json_status=0
"$build/json_bench" "${json_options[@]}" 2>/dev/null | tee -a "$report" || json_status=$?
if ((json_status > status)); then status=$json_status; fi

{
  echo
  echo "## Event logs"
  echo
  "$build/event_log_bench" --folder="$build"
} | tee -a "$report"

{
  echo
  echo "## Single steps"
  echo
  echo '```'
  "$build/sluice_bench" --benchmark_min_time=0.2 2>/dev/null
  echo '```'
} | tee -a "$report"

if $write && ((status < 2)); then cp "$report" bench/RESULTS.md; fi
exit "$status"
