#!/bin/bash
# clang-tidy with the allow-list of .clang-tidy over src, or over the files given. Takes minutes, so it
# is not part of scripts/test.sh. Needs clang-tidy 14 and a configured build/release.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  echo "Usage: scripts/tidy.sh [FILE...]"
  echo "Checks the given sources, or all of src. Exit code: 0 clean, 1 findings, 2 not set up."
}
case ${1:-} in -h | --help) usage && exit 0 ;; esac

database=build/release/compile_commands.json
[ -f "$database" ] || { echo "$database is missing; run: cmake --preset release" >&2; exit 2; }
command -v clang-tidy-14 >/dev/null || { echo "clang-tidy-14 is missing" >&2; exit 2; }
[ $# -gt 0 ] || mapfile -t files < <(git ls-files 'src/*.cc')
[ $# -eq 0 ] || files=("$@")
printf '%s\0' "${files[@]}" |
  xargs -0 -P "$(nproc)" -n 4 clang-tidy-14 -p build/release --quiet --extra-arg=-Wno-unknown-warning-option 2>/dev/null ||
  exit 1
