#!/usr/bin/env bash
# The executor's cost over bare libpqxx: tests/bench/executor.sh [rounds [calls]].
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
build release executor_overhead
exec python3 "$ROOT/tests/bench/executor.py" "$ROOT/build/release/tests/bench/executor_overhead" "$@"
