#!/usr/bin/env bash
# Three NATS servers and two bridges on this machine, until Ctrl-C. Needs nats-server (Debian has it) and a bridge
# (deploy/quickstart.sh --build-only).
#   deploy/examples/cluster/run.sh [--config FILE]    the bridges' configuration; default: sluice.yaml beside this
#
# From the environment: SLUICE (the bridge's program), DATA (where the servers keep their events: they are there
# again next time), and the first port of each kind:
#   NATS_PORT 4222-4224, NATS_ROUTE_PORT 6222-6224, NATS_MONITOR_PORT 8222-8224, HTTP_PORT 8081-8082, GRPC_PORT 9091-9092
set -euo pipefail
cd "$(dirname "$0")/../../.."

here=deploy/examples/cluster
config=$here/sluice.yaml
program=${SLUICE:-build/release/sluice}
data=${DATA:-build/cluster}
nats_port=${NATS_PORT:-4222} route_port=${NATS_ROUTE_PORT:-6222} monitor_port=${NATS_MONITOR_PORT:-8222}
http_port=${HTTP_PORT:-8081} grpc_port=${GRPC_PORT:-9091}

# The children by pid, newest first, and their names.
pids=()
declare -A names=()

die() { printf '\ncluster: %s\n' "$*" >&2; exit 1; }

while [ $# -gt 0 ]; do
  case "$1" in
    --config) [ -r "${2:-}" ] || die "--config needs a file"; config=$2; shift 2 ;;
    *) sed -n '2,8p' "$0" | sed 's/^# \?//' >&2; exit 2 ;;
  esac
done

# Whether somebody accepts connections at 127.0.0.1:PORT.
answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# get PORT TARGET: what is answered over HTTP.
get() {
  (exec 3<>"/dev/tcp/127.0.0.1/$1" &&
    printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' "$2" >&3 && timeout 5 cat <&3) 2>/dev/null || true
}

# start NAME LOG COMMAND...
start() {
  local name=$1 log=$2
  shift 2
  "$@" >>"$log" 2>&1 &
  pids=($! "${pids[@]}")
  names[$!]="$name ($log)"
}

# wait_for WHAT PORT TARGET: until it is answered with 200.
wait_for() {
  local tries pid
  for tries in {1..600}; do
    [[ "$(get "$2" "$3")" != "HTTP/1."?" 200"* ]] || return 0
    for pid in "${pids[@]}"; do
      kill -0 "$pid" 2>/dev/null || die "${names[$pid]} did not start: see its log"
    done
    sleep 0.1
  done
  die "$1 is not ready after a minute: see the logs in $data"
}

# Ends what was started, newest first: the bridges before the servers.
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
  cat <<END

== The cluster is running; its logs are in $data

  Read at one bridge:       curl -N http://127.0.0.1:$http_port/v1/room/lobby

  Publish at the other:     grpcurl -plaintext -d '{"events":[{"topic":"room/lobby","json":{"hello":"world"}}]}' \\
                              127.0.0.1:$((grpc_port + 1)) sluice.v1.Publisher/Publish

  or, with buf:             buf curl --protocol grpc --http2-prior-knowledge \\
                              -d '{"events":[{"topic":"room/lobby","json":{"hello":"world"}}]}' \\
                              http://127.0.0.1:$((grpc_port + 1))/sluice.v1.Publisher/Publish

  End a server, go on:      kill ${pids[-1]}   # ${names[${pids[-1]}]%% (*}

  Ctrl-C ends everything. $here/README.md says what else to try.

END
}

command -v nats-server >/dev/null || die "nats-server is not here: apt-get install nats-server"
[ -x "$program" ] || die "$program is not here: deploy/quickstart.sh --build-only"
for i in 0 1 2; do
  for port in $((nats_port + i)) $((route_port + i)) $((monitor_port + i)); do
    ! answers "$port" || die "port $port is in use"
  done
done
for port in "$http_port" $((http_port + 1)) "$grpc_port" $((grpc_port + 1)); do
  ! answers "$port" || die "port $port is in use"
done

trap stop_all EXIT
trap 'exit 0' INT TERM
mkdir -p "$data"
servers= routes=
for i in 0 1 2; do
  servers+="${servers:+,}nats://127.0.0.1:$((nats_port + i))"
  routes+="${routes:+, }\"nats-route://127.0.0.1:$((route_port + i))\""
done
for i in 0 1 2; do
  NATS_NAME=nats-$((i + 1)) NATS_LISTEN=127.0.0.1:$((nats_port + i)) NATS_MONITOR=127.0.0.1:$((monitor_port + i)) \
    NATS_CLUSTER=127.0.0.1:$((route_port + i)) NATS_ROUTES="[$routes]" NATS_STORE="$data/nats-$((i + 1))" \
    start "nats-$((i + 1))" "$data/nats-$((i + 1)).log" nats-server -c $here/nats.conf
done
# (Whether they serve at all: streams and consumers may be catching up, which the bridges wait for.)
for i in 0 1 2; do wait_for "nats-$((i + 1))" $((monitor_port + i)) "/healthz?js-server-only=true"; done
# (So that any configuration runs here, whatever event log it has.)
for i in 0 1; do
  SLUICE_EVENT_LOG_JETSTREAM_SERVERS=$servers SLUICE_EVENT_LOG_JETSTREAM_REPLICAS=3 \
    start "bridge-$((i + 1))" "$data/bridge-$((i + 1)).log" "$program" --config "$config" \
    --http-listen "127.0.0.1:$((http_port + i))" --grpc-listen "127.0.0.1:$((grpc_port + i))"
done
for i in 0 1; do wait_for "bridge-$((i + 1))" $((http_port + i)) /ready; done
show_what_to_do

# One server, or one bridge, may go; the others go on.
while [ ${#pids[@]} -gt 0 ]; do
  status=0
  wait -n -p ended "${pids[@]}" || status=$?
  printf 'cluster: %s has ended (status %s)\n' "${names[$ended]}" "$status"
  left=()
  for pid in "${pids[@]}"; do [ "$pid" = "$ended" ] || left+=("$pid"); done
  pids=("${left[@]}")
done
