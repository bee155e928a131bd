#!/usr/bin/env bash
# Benchmarks against PgBouncer, HAProxy and a bare relay: docs/performance/optimization.md.
exec /usr/bin/env python3 "$(dirname "$(readlink -f "$0")")/run.py" "$@"
