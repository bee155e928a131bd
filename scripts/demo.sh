#!/bin/bash
# Everything around one watched service, on this machine, until Ctrl-C.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/demo.sh [--for DURATION] [--redis]

Installs what is missing, builds, and starts a private PostgreSQL, a demo service with user profiles
and server lists, pgsidecar between the two, Prometheus, Alertmanager and a traffic generator with a
deliberate slow query. Profiles and server lists come from named operations with a cache. Prints the addresses, a live summary and every alert that arrives.

  --redis          keep cached answers in a private Redis, too; with --for it is killed half way and
                   comes back five seconds later
  --for DURATION   end after this time, such as 60s or 5m (at least 20s); without it Ctrl-C ends

Exit code: 0; 1 if something did not start or died, if a request failed, if nothing came from the
cache, or if the slow query alert did not arrive by the end of --for; 2 for a wrong option.
TEXT
}

wrong_option() {
  say "$1"
  usage >&2
  exit 2
}

seconds= redis=
while [ $# -gt 0 ]; do
  case $1 in
    --for)
      [[ ${2:-} =~ ^([0-9]{1,6})([sm]?)$ ]] || wrong_option "--for is '${2:-}'; allowed: 60s, 5m"
      seconds=$((10#${BASH_REMATCH[1]}))
      [ "${BASH_REMATCH[2]}" != m ] || seconds=$((seconds * 60))
      [ "$seconds" -ge 20 ] || wrong_option "--for is '$2'; at least 20s are needed"
      shift
      ;;
    --redis) redis=--redis ;;
    -h | --help) usage && exit 0 ;;
    *) wrong_option "unknown option '$1'" ;;
  esac
  shift
done

install_packages build servers
build release pgsidecar demo-service
exec /usr/bin/python3 -B "$ROOT/scripts/demo.py" "$ROOT/build/release" $redis ${seconds:+"$seconds"}
