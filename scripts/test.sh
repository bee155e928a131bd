#!/bin/bash
# Everything that must pass before a change lands. The last line is `N passed, N failed`.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/test.sh [--fast] [--sanitize address|thread]

Installs what is missing, builds, and runs every test: unit tests, fuzz corpora, style and artifact
checks, and tests against real servers.

  --fast             the unit tests and fuzz corpora alone
  --sanitize KIND    build and run with AddressSanitizer and UBSan (address) or ThreadSanitizer (thread)

Exit code: 0 if everything passed, 1 if something failed, 2 for a wrong option.
TEXT
}

wrong_option() {
  say "$1"
  usage >&2
  exit 2
}

fast= preset=release
while [ $# -gt 0 ]; do
  case $1 in
    --fast) fast=1 ;;
    --sanitize)
      case ${2:-} in
        address) preset=asan ;;
        thread) preset=tsan ;;
        *) wrong_option "--sanitize is '${2:-}'; allowed: address, thread" ;;
      esac
      shift
      ;;
    -h | --help) usage && exit 0 ;;
    *) wrong_option "unknown option '$1'" ;;
  esac
  shift
done

binaries=$ROOT/build/$preset
results=$binaries/results

give_up() {
  say "$1"
  echo "0 passed, 1 failed"
  exit 1
}

# run_step NAME COMMAND...: runs one test program. A program that dies without writing its own
# results is a failed test by itself.
run_step() {
  local name=$1 status=0
  shift
  say "== $name"
  timeout 1200 "$@" >&2 || status=$?
  echo "$status" >"$results/$name.status"
}

unit_tests() {
  local program name
  for program in "$binaries"/tests/*_test; do
    [ -x "$program" ] || continue
    name=${program##*/}
    run_step "$name" "$program" --gtest_brief=1 --gtest_output="xml:$results/$name.xml"
  done
  run_step fuzz_corpora ctest --test-dir "$binaries/tests/fuzz" --output-on-failure \
    --output-junit "$results/fuzz_corpora.xml"
}

server_tests() {
  run_step pytest env PYTHONDONTWRITEBYTECODE=1 PGSIDECAR="$binaries/pgsidecar" \
    SIDECAR_BUILD="$binaries" /usr/bin/python3 -m pytest -q -p no:cacheprovider \
    --junitxml="$results/pytest.xml" "$ROOT/tests/artifacts" "$ROOT/tests/integration"
}

sections=(build unit)
[ -n "$fast" ] || sections+=(servers test)
install_packages "${sections[@]}" || give_up "The packages could not be installed."
build "$preset" || give_up "The build failed."
rm -rf "$results"
mkdir -p "$results"
unit_tests
[ -n "$fast" ] || server_tests
exec /usr/bin/python3 "$ROOT/scripts/count_results.py" "$results"
