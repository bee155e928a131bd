#!/bin/bash
# Everything that must pass before a change lands. The last line is `N passed, N failed`.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/test.sh [--fast] [--all | --sanitize address|thread]

Installs what is missing, builds, and runs every test: unit tests, fuzz corpora, style and artifact
checks, and tests against real servers.

  --fast             the unit tests and fuzz corpora alone
  --sanitize KIND    build and run with AddressSanitizer and UBSan (address) or ThreadSanitizer
                     (thread) instead: unit tests, fuzz corpora and tests against real servers
  --all              all three, one after the other: what continuous integration runs

Tests against servers run by file, several files side by side: PYTEST_WORKERS (default 3) says how
many. What fails runs once more, alone: a busy machine is no defect. Tests that pass then are named
before the last line. A sanitizer's report stays a failure.

Exit code: 0 if everything passed, 1 if something failed, 2 for a wrong option.
TEXT
}

wrong_option() {
  say "$1"
  usage >&2
  exit 2
}

fast= presets=(release)
while [ $# -gt 0 ]; do
  case $1 in
    --fast) fast=1 ;;
    --all) presets=(release asan tsan) ;;
    --sanitize)
      case ${2:-} in
        address) presets=(asan) ;;
        thread) presets=(tsan) ;;
        *) wrong_option "--sanitize is '${2:-}'; allowed: address, thread" ;;
      esac
      shift
      ;;
    -h | --help) usage && exit 0 ;;
    *) wrong_option "unknown option '$1'" ;;
  esac
  shift
done

# What the sanitizers look at beyond their defaults. tests/integration adds where they report to.
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=history_size=4:second_deadlock_stack=1

give_up() {
  say "$1"
  echo "0 passed, 1 failed"
  exit 1
}

# choose PRESET: what the steps below work with.
choose() {
  preset=$1
  binaries=$ROOT/build/$preset
  results=$binaries/results
  runner=()
  # Where addresses are randomised more than ThreadSanitizer of older compilers expects, it does
  # not start; without randomisation it always does.
  if [ "$preset" = tsan ] && setarch "$(uname -m)" -R true 2>/dev/null; then
    runner=(setarch "$(uname -m)" -R)
  fi
}

# run_step NAME COMMAND...: runs one test program. A program that dies without writing its own
# results is a failed test by itself.
run_step() {
  local name=$1 status=0 since=$SECONDS
  shift
  say "== $preset: $name"
  timeout 2400 "${runner[@]}" "$@" >&2 || status=$?
  echo "$status" >"$results/$name.status"
  say "   $((SECONDS - since)) s"
}

# run_again COMMAND...: the failed tests of the last step, alone. count_results.py reads the outcome.
run_again() {
  say "== $preset: what failed, again"
  timeout 1200 "${runner[@]}" "$@" >&2 || true
}

unit_tests() {
  local program name
  for program in "$binaries"/tests/*_test; do
    [ -x "$program" ] || continue
    name=${program##*/}
    run_step "$name" "$program" --gtest_brief=1 --gtest_output="xml:$results/$name.xml"
    # 1 is GoogleTest's own; a sanitizer that reported ends the program with another one.
    if [ "$(cat "$results/$name.status")" = 1 ]; then
      run_again "$program" --gtest_brief=1 --gtest_output="xml:$results/$name.again.xml" \
        --gtest_filter="$(/usr/bin/python3 "$ROOT/scripts/count_results.py" --failed "$results/$name.xml")"
    fi
  done
  run_step fuzz_corpora ctest --test-dir "$binaries/tests/fuzz" --output-on-failure \
    --output-junit "$results/fuzz_corpora.xml"
}

# More failures than this are not chance.
SECOND_TRIES_MAX=20

server_tests() {
  local directories=("$ROOT/tests/integration") threads=
  [ "$preset" != release ] || directories=("$ROOT/tests/artifacts" "${directories[@]}")
  [ "$preset" != tsan ] || threads=4
  local pytest=(env PYTHONDONTWRITEBYTECODE=1 PGSIDECAR="$binaries/pgsidecar"
    SIDECAR_BUILD="$binaries" TEST_WIRE_THREADS=$threads
    /usr/bin/python3 -m pytest -q -o cache_dir="$results/pytest" --durations=15)
  run_step pytest "${pytest[@]}" -n "${PYTEST_WORKERS:-3}" --dist loadfile \
    --junitxml="$results/pytest.xml" "${directories[@]}"
  local failed=$results/pytest/v/cache/lastfailed
  if [ "$(cat "$results/pytest.status")" = 1 ] && [ -f "$failed" ] &&
    [ "$(grep -c '": true' "$failed")" -le $SECOND_TRIES_MAX ]; then
    run_again "${pytest[@]}" --last-failed --last-failed-no-failures none \
      --junitxml="$results/pytest.again.xml" "${directories[@]}"
  fi
}

sections=(build unit)
[ -n "$fast" ] || sections+=(servers test)
install_packages "${sections[@]}" || give_up "The packages could not be installed."
counted=()
for each in "${presets[@]}"; do
  choose "$each"
  build "$preset" || give_up "The $preset build failed."
  rm -rf "$results"
  mkdir -p "$results"
  unit_tests
  [ -n "$fast" ] || server_tests
  counted+=("$results")
done
exec /usr/bin/python3 "$ROOT/scripts/count_results.py" "${counted[@]}"
