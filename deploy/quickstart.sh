#!/usr/bin/env bash
# From a fresh Debian 12 to live events in a browser: installs what the build needs, builds the bridge, and
# runs it with a demo publisher until Ctrl-C.
#   deploy/quickstart.sh                        HTTP on 127.0.0.1:8080, gRPC on 127.0.0.1:9090
#   deploy/quickstart.sh --http-listen A:P --grpc-listen A:P
#   deploy/quickstart.sh --build-only           install and build, run nothing
set -euo pipefail
cd "$(dirname "$0")/.."

http=127.0.0.1:8080
grpc=127.0.0.1:9090
authorizer=  # a free port is found for it
build_only=

# The children by pid, newest first, and their names.
pids=()
declare -A names=()

say() { printf '\n== %s\n' "$*"; }
die() { printf '\nquickstart: %s\n' "$*" >&2; exit 1; }

usage() { sed -n '2,6p' "$0" | sed 's/^# \?//'; }

parse_options() {
  while [ $# -gt 0 ]; do
    case "$1" in
      --http-listen | --grpc-listen)
        [[ "${2:-}" =~ ^[^:]+:[1-9][0-9]*$ ]] || die "$1 needs an address and a port, like 127.0.0.1:8080"
        if [ "$1" = --http-listen ]; then http=$2; else grpc=$2; fi
        shift 2 ;;
      --build-only) build_only=yes; shift ;;
      -h | --help) usage; exit ;;
      *) usage >&2; exit 2 ;;
    esac
  done
}

require_debian_12() {
  local system
  system=$(. /etc/os-release 2>/dev/null && echo "${ID:-} ${VERSION_ID:-}") || true
  [ "$system" = "debian 12" ] ||
    die "this runs on Debian 12 (bookworm) only, and here is \"${system:-something unknown}\". A container or a
virtual machine with Debian 12 will do."
}

install_packages() {
  local wanted=(
    cmake g++ libabsl-dev libboost1.81-dev libcurl4-openssl-dev libgrpc++-dev libnats-dev libprotobuf-dev librocksdb-dev
    libspdlog-dev libssl-dev libyaml-cpp-dev ninja-build nlohmann-json3-dev protobuf-compiler protobuf-compiler-grpc
    python3 python3-grpcio python3-protobuf  # for the demo publisher
  )
  local missing=() root=() package
  for package in "${wanted[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' ||
      missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing: ${missing[*]}"
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "sudo is not here: run as root
  apt-get install --no-install-recommends ${missing[*]}"
    root=(sudo)
  fi
  "${root[@]}" apt-get update -q || die "apt-get update failed"
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -qy --no-install-recommends "${missing[@]}" || die "apt-get install failed"
}

build() {
  say "building the bridge (a few minutes the first time)"
  cmake --preset release -DSLUICE_TESTS=OFF -DSLUICE_BENCH=OFF >/dev/null || die "cmake failed"
  ninja -C build/release sluice example_authorizer || die "the build failed"
  mkdir -p build/demo
  protoc -Ideploy/demo --include_imports --descriptor_set_out=build/demo/demo.binpb demo.proto ||
    die "protoc failed on deploy/demo/demo.proto"
}

# Whether somebody accepts connections at ADDRESS:PORT.
answers() { (exec 3<>"/dev/tcp/${1%:*}/${1##*:}") 2>/dev/null; }

find_ports() {
  local address port
  for address in "$http" "$grpc"; do
    ! answers "$address" || die "$address is in use. End what listens there, or choose others:
  deploy/quickstart.sh --http-listen 127.0.0.1:8180 --grpc-listen 127.0.0.1:9190"
  done
  for port in {9091..9191}; do
    authorizer=127.0.0.1:$port
    [ "$authorizer" = "$grpc" ] || [ "$authorizer" = "$http" ] || answers "$authorizer" || return 0
  done
  die "no port from 9091 to 9191 is free for the authorizer"
}

# start NAME COMMAND...
start() {
  local name=$1
  shift
  "$@" &
  pids=($! "${pids[@]}")
  names[$!]=$name
}

# wait_for NAME ADDRESS: until it accepts connections. The newest child is the one that should.
wait_for() {
  local tries
  for tries in {1..150}; do
    ! answers "$2" || return 0
    kill -0 "${pids[0]}" 2>/dev/null || die "$1 did not start: see its message above"
    sleep 0.1
  done
  die "$1 does not answer at $2"
}

# Ends what was started, newest first: the publisher before the bridge, the bridge before its authorizer.
stop_all() {
  local status=$? pid
  trap '' INT TERM
  for pid in "${pids[@]}"; do
    kill -TERM "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  exit "$status"
}

show_what_to_do() {
  local page="http://$http/"
  [ "${grpc##*:}" = 9090 ] || page="$page?grpc=$grpc"
  cat <<END

== Sluice is running

  Open in a browser:     $page

  Read in a terminal:    curl -N 'http://$http/v1/events?topic=room/lobby&topic=host/load&token=demo'

  Publish something:     grpcurl -plaintext -H 'authorization: Bearer demo' \\
                           -d '{"events":[{"topic":"room/lobby","json":{"hello":"world"}}]}' \\
                           $grpc sluice.v1.Publisher/Publish

  or, with buf:          buf curl --protocol grpc --http2-prior-knowledge -H 'authorization: Bearer demo' \\
                           -d '{"events":[{"topic":"room/lobby","json":{"hello":"world"}}]}' \\
                           http://$grpc/sluice.v1.Publisher/Publish

  Where grpcurl and buf come from: docs/publish.md. Ctrl-C ends everything.

END
}

run() {
  local ended status=0
  trap stop_all EXIT
  trap 'exit 0' INT TERM
  start "the authorizer" build/release/example_authorizer \
    --listen "$authorizer" --config deploy/demo/tokens.yaml
  wait_for "the authorizer" "$authorizer"
  DEMO_AUTHORIZER=$authorizer start "the bridge" build/release/sluice \
    --config deploy/demo/sluice.yaml --http-listen "$http" --grpc-listen "$grpc"
  wait_for "the bridge" "$grpc"
  DEMO_TOKEN=demo-publisher start "the demo publisher" /usr/bin/python3 deploy/demo/publisher.py "$grpc"
  show_what_to_do
  wait -n -p ended || status=$?
  die "${names[$ended]} has ended (status $status), so everything ends"
}

parse_options "$@"
require_debian_12
[ -n "$build_only" ] || find_ports
install_packages
build
[ -n "$build_only" ] || run
