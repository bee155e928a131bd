#!/usr/bin/env bash
# Where a relay spends its CPU under pgbench -S: docs/performance/optimization.md.
exec /usr/bin/env python3 "$(dirname "$(readlink -f "$0")")/hot_spots.py" "$@"
