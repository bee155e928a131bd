#!/bin/bash
# Runs fuzz targets for a while and keeps the inputs that reach new code. Inputs that are in the
# corpus are replayed in every test run; this looks for new ones.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

CORPUS_FILES_MAX=400
REPORT_EVERY_S=30

usage() {
  cat <<'TEXT'
Usage: tests/fuzz/run.sh [--minutes N] [--jobs J] [TARGET...]

Builds the fuzz targets with clang, libFuzzer, AddressSanitizer and UBSan, and runs each of them
(or those that are named: `startup` is tests/fuzz/startup_fuzz.cc).

  --minutes N  how long each target runs; 1 if it is not given
  --jobs J     how many run at the same time; 1 if it is not given

New inputs that reach new code are added to tests/fuzz/corpus/TARGET.
Exit code: 0 if nothing was found, 1 if a target failed (the input is named), 2 for a wrong option.
TEXT
}

wrong_option() {
  say "$1"
  usage >&2
  exit 2
}

# number OPTION TEXT: TEXT, if it is a number from 1 on.
number() {
  [[ $2 =~ ^[1-9][0-9]{0,4}$ ]] || wrong_option "$1 is '$2'; allowed: a number from 1 to 99999"
  echo "$2"
}

all_targets() {
  local source
  for source in "$ROOT"/tests/fuzz/*_fuzz.cc; do basename "$source" _fuzz.cc; done
}

minutes=1 jobs=1 targets=()
while [ $# -gt 0 ]; do
  case $1 in
    --minutes)
      minutes=$(number "$1" "${2:-}") || exit 2
      shift
      ;;
    --jobs)
      jobs=$(number "$1" "${2:-}") || exit 2
      shift
      ;;
    -h | --help) usage && exit 0 ;;
    -*) wrong_option "unknown option '$1'" ;;
    *)
      [ -f "$ROOT/tests/fuzz/$1_fuzz.cc" ] ||
        wrong_option "unknown target '$1'; allowed: $(all_targets | paste -sd ' ')"
      targets+=("$1")
      ;;
  esac
  shift
done
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(all_targets)

work=$ROOT/build/fuzz/found
programs=$ROOT/build/fuzz/tests/fuzz
declare -A running=() # process id: target

# start TARGET: runs it in the background. What it finds goes to a directory of its own first.
start() {
  local found=$work/$1
  rm -rf "$found" && mkdir -p "$found"
  say "== $1: $minutes min"
  nice -n 5 "$programs/$1_fuzz" -max_total_time=$((minutes * 60)) -timeout=60 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix="$work/$1-" "$found" "$ROOT/tests/fuzz/corpus/$1" \
    >"$work/$1.log" 2>&1 </dev/null &
  running[$!]=$1
}

# progress: the last counters of the targets that run.
progress() {
  local target
  for target in "${running[@]}"; do
    say "   $target: $(grep -a '^#' "$work/$target.log" | tail -n 1 | sed -E 's/ (L|MS): .*//' || true)"
  done
}

# keep_new TARGET: adds what reaches new code to the corpus, and says how many files that are. Beyond
# the limit the longest of those that nobody named go.
keep_new() {
  local corpus=$ROOT/tests/fuzz/corpus/$1 before after
  before=$(find "$corpus" -type f | wc -l)
  "$programs/$1_fuzz" -merge=1 -timeout=60 -rss_limit_mb=2048 "$corpus" "$work/$1" \
    >"$work/$1.merge.log" 2>&1 </dev/null
  after=$(find "$corpus" -type f | wc -l)
  if [ "$after" -gt $CORPUS_FILES_MAX ]; then
    find "$corpus" -type f -regextype egrep -regex '.*/[0-9a-f]{40}' -printf '%s %p\n' |
      sort -k1,1nr -k2 | head -n $((after - CORPUS_FILES_MAX)) | cut -d ' ' -f 2- |
      xargs -r -d '\n' rm -f
    after=$CORPUS_FILES_MAX
  fi
  echo $((after - before))
}

stop_all() {
  local process
  for process in "${!running[@]}"; do kill "$process" 2>/dev/null || true; done
  wait
}

# statistic TARGET NAME: a number that libFuzzer printed at the end.
statistic() { sed -nE "s/^stat::$2: +//p" "$work/$1.log"; }

rows=()
# finish PROCESS STATUS: one row of the table; fails if the target failed.
finish() {
  local target=${running[$1]} new=0 result=clean
  unset "running[$1]"
  if [ "$2" = 0 ]; then
    new=$(keep_new "$target") || result="merge failed, see $work/$target.merge.log"
  else
    result=$(sed -nE 's/^.*Test unit written to //p' "$work/$target.log" | tail -n 1)
    result="FAILED ${result:-without an input, exit code $2}"
    tail -n 40 "$work/$target.log" >&2
  fi
  rows+=("$(printf '%-14s %12s %8s %6s  %s' "$target" "$(statistic "$target" number_of_executed_units)" \
    "$(statistic "$target" average_exec_per_sec)" "$new" "$result")")
  [ "$result" = clean ]
}

# wait_for_one: waits until a target ends, and reports meanwhile.
wait_for_one() {
  local process status since=$SECONDS
  while true; do
    for process in "${!running[@]}"; do
      kill -0 "$process" 2>/dev/null && continue
      status=0
      wait "$process" || status=$?
      finish "$process" "$status"
      return
    done
    sleep 1
    if [ $((SECONDS - since)) -ge $REPORT_EVERY_S ]; then
      since=$SECONDS
      progress
    fi
  done
}

install_packages build unit fuzz || exit 1
build fuzz "${targets[@]/%/_fuzz}" || exit 1
mkdir -p "$work"
trap stop_all EXIT
failed=
for target in "${targets[@]}"; do
  while [ ${#running[@]} -ge "$jobs" ] && [ -z "$failed" ]; do wait_for_one || failed=1; done
  [ -z "$failed" ] || break
  start "$target"
done
while [ ${#running[@]} -gt 0 ] && [ -z "$failed" ]; do wait_for_one || failed=1; done

printf '%-14s %12s %8s %6s  %s\n' target executions exec/s new result
printf '%s\n' "${rows[@]}"
[ -z "$failed" ]
