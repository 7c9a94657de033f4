#!/usr/bin/env bash
# Installs what the tests need (Debian 12), builds, and runs every test:
#   tests/run.sh            everything
#   tests/run.sh --quick    without sanitizers, fuzzers and clang-tidy
# Goes on after a failure, so that one run tells all; fails if any phase failed. The last lines are the
# runners' own totals.
set -uo pipefail
cd "$(dirname "$0")/.."

quick=
case "${1:-}" in
  '') ;;
  --quick) quick=yes ;;
  *) sed -n '2,6p' "$0"; exit 2 ;;
esac

# What was compiled for one clone is good for another.
export CCACHE_BASEDIR="$PWD" CCACHE_NOHASHDIR=1
jobs=$(nproc)
logs=build/test-logs
mkdir -p "$logs"
rm -f "$logs"/*
failed=()

# phase NAME COMMAND...: a heading, the command, how long it took.
phase() {
  local name=$1 began=$SECONDS
  shift
  printf '\n== %s\n' "$name"
  if "$@" 2>&1 | tee "$logs/${name// /-}.log"; then
    printf -- '-- %s: ok, %d s\n' "$name" $((SECONDS - began))
  else
    printf -- '-- %s: FAILED, %d s\n' "$name" $((SECONDS - began))
    failed+=("$name")
  fi
}

install_packages() {
  local wanted=(
    # to build
    ccache cmake g++ ninja-build libabsl-dev libbenchmark-dev libboost1.81-dev
    libcurl4-openssl-dev libgmock-dev libgrpc++-dev libgtest-dev libnats-dev libprotobuf-dev librocksdb-dev libspdlog-dev
    libssl-dev libyaml-cpp-dev nlohmann-json3-dev protobuf-compiler protobuf-compiler-grpc
    # to test
    chromium curl git haproxy nats-server nginx openssl procps python3 python3-grpcio python3-protobuf python3-yaml
    # to fuzz and to lint
    clang clang-format clang-tidy libclang-rt-14-dev
  )
  command -v node >/dev/null || wanted+=(nodejs)
  command -v npm >/dev/null || wanted+=(npm)
  local missing=() package
  for package in "${wanted[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' ||
      missing+=("$package")
  done
  local root=()
  [ "$(id -u)" = 0 ] || root=(sudo)
  if [ ${#missing[@]} -gt 0 ]; then
    "${root[@]}" apt-get update -q &&
      "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -qy --no-install-recommends "${missing[@]}" || return
  fi
  (cd tests/end_to_end && npm ci --ignore-scripts)
}

# build PRESET [TARGET...] (The quickstart may have configured the folder without tests.)
build() {
  local preset=$1 bench=OFF
  shift
  [ "$preset" != release ] || bench=ON
  cmake --preset "$preset" -DSLUICE_TESTS=ON -DSLUICE_BENCH="$bench" >/dev/null &&
    ninja -C "build/$preset" -j "$jobs" -k 0 --quiet "$@"
}

# unit_tests PRESET [REGEX]: the cases of every runner go to its log, what failed to the screen.
unit_tests() {
  ctest --test-dir "build/$1" --output-on-failure -j "$jobs" --timeout 600 ${2:+-R "$2"}
}

end_to_end() {
  (cd tests/end_to_end && SLUICE_BUILD=${1:-build/release} \
    node --test --test-reporter=spec ./*.test.mjs)
}

sanitized_tests() {
  local preset=$1
  shift
  build "$preset" "$@" && unit_tests "$preset" "$(printf '|^%s$' "$@" | cut -c2-)"
}

format() {
  git ls-files -z '*.cc' '*.h' | xargs -0 clang-format --dry-run --Werror
}

# The floors whose files are quick to parse: those with Beast or gRPC take minutes each.
tidy() {
  run-clang-tidy -quiet -p build/release -j "$jobs" 'bridge/(base|event|route|hub)/.*\.cc$' 2>/dev/null
}

protos() {
  local buf=tests/end_to_end/node_modules/.bin/buf last
  "$buf" lint || return
  last=$(git describe --tags --abbrev=0 2>/dev/null)
  if [ -n "$last" ]; then
    "$buf" breaking --against ".git#tag=$last"
  else
    echo "no release yet to compare the protos with"
  fi
}

python_tests() {
  local file
  for file in tests/*_test.py; do
    [ -e "$file" ] || continue
    echo "$file"
    /usr/bin/python3 "$file" || return
  done
}

phase "install" install_packages
phase "format" format
phase "protos" protos
phase "python tests" python_tests
phase "build release" build release
phase "unit tests" unit_tests release
phase "end to end" end_to_end
if [ -z "$quick" ]; then
  phase "clang-tidy" tidy
  phase "address and undefined sanitizers" sanitized_tests asan
  phase "thread sanitizer" sanitized_tests tsan hub_test event_log_test access_test jwt_test relay_test
  phase "fuzzers" tests/fuzz/run.sh
fi

printf '\n== %d s in all\n' "$SECONDS"
[ ${#failed[@]} -eq 0 ] || printf 'FAILED: %s\n' "${failed[@]}"
printf '\n'
grep -hE '^Ran [0-9]+ tests?|^(OK|FAILED)( |$)|[0-9]+ (passed|failed) in ' "$logs/python-tests.log"
grep -h 'runs in .* s, nothing found$' "$logs/fuzzers.log" 2>/dev/null
grep -hE '^[0-9]+% tests passed' "$logs"/*.log
grep -hE '^. (tests|pass|fail|skipped) [0-9]+' "$logs/end-to-end.log"
[ ${#failed[@]} -eq 0 ]
