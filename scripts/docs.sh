#!/bin/bash
# Writes the generated documents, or with --check says whether they are current.
#   scripts/docs.sh [--check] [PATH-OF-PGSIDECAR]
set -eu
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
check=
if [ "${1-}" = --check ]; then
  check=yes
  shift
fi
binary=${1:-$root/build/release/pgsidecar}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
stale=0
for topic in configuration metrics; do
  "$binary" describe "$topic" > "$scratch/$topic.md"
  target=$root/docs/$topic.md
  if [ -z "$check" ]; then
    cp "$scratch/$topic.md" "$target"
  elif ! diff -u "$target" "$scratch/$topic.md"; then
    echo "docs/$topic.md is stale: run scripts/docs.sh" >&2
    stale=1
  fi
done
exit $stale
