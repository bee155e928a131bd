#!/usr/bin/env bash
# A mixed load for hours, with and without faults: exact counters, flat memory, nothing left behind.
# Builds what it runs, unless PGSIDECAR names a binary.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
. "$here/../../scripts/lib.sh"

preset=release
arguments=("$@")
while [ $# -gt 0 ]; do
  case $1 in
    --sanitize | --sanitize=*)
      kind=${1#--sanitize}
      kind=${kind#=}
      case ${kind:-${2:-}} in
        address) preset=asan ;;
        thread) preset=tsan ;;
        *) say "--sanitize is '${kind:-${2:-}}'; allowed: address, thread" && exit 2 ;;
      esac
      ;;
  esac
  shift
done

if [ -z "${PGSIDECAR:-}" ]; then
  install_packages build servers test
  build "$preset" pgsidecar
  export PGSIDECAR=$ROOT/build/$preset/pgsidecar
fi
export PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 "$here/soak.py" ${arguments[@]+"${arguments[@]}"}
