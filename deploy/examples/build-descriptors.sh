#!/usr/bin/env bash
# Builds the descriptor set of each example that has .proto files:
#   deploy/examples/build-descriptors.sh           writes <system>/<system>.binpb
#   deploy/examples/build-descriptors.sh --check   fails if one is not up to date
# (With their comments, which become the descriptions of the AsyncAPI document.)
set -euo pipefail
cd "$(dirname "$0")"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

stale=0
for folder in */; do
  system=${folder%/}
  compgen -G "$system/*.proto" >/dev/null || continue
  protoc --proto_path="$system" --proto_path=../../proto --include_imports --include_source_info \
    --descriptor_set_out="$scratch/$system.binpb" "$system"/*.proto
  if [ "${1:-}" != --check ]; then
    cp "$scratch/$system.binpb" "$system/$system.binpb"
  elif ! cmp "$scratch/$system.binpb" "$system/$system.binpb"; then
    echo "$system/$system.binpb is not up to date: run deploy/examples/build-descriptors.sh" >&2
    stale=1
  fi
done
exit $stale
