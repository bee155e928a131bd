"""What changed on /metrics, in the few words that tests compare."""

import contextlib


class Books:
    """The difference between two pages, as what a client could have counted itself."""

    def __init__(self, counted):
        self.page = counted
        self.successes = counted.by("command", "pgsidecar_query_successes_total")
        self.errors = counted.by("sqlstate", "pgsidecar_query_sqlstate_errors_total")
        self.classes = counted.by("error_class", "pgsidecar_query_errors_total")
        self.aborted = counted.sum("pgsidecar_queries_aborted_total")
        self.abandoned = counted.sum("pgsidecar_queries_abandoned_total")
        self.opaque = counted.by("reason", "pgsidecar_opaque_sessions_total")
        self.rows = counted.sum("pgsidecar_rows_returned_total")
        self.affected = counted.sum("pgsidecar_rows_affected_total")
        self.seconds = counted.by("command", "pgsidecar_query_duration_seconds_sum")
        self.slow = counted.sum("pgsidecar_slow_queries_total")
        self.slow_groups = counted.sum("pgsidecar_slow_groups_total")
        self.copies = counted.by("direction", "pgsidecar_copy_duration_seconds_count")
        self.copy_errors = counted.by("direction", "pgsidecar_copy_errors_total")
        self.blocks = counted.sum("pgsidecar_transaction_duration_seconds_count")
        self.rollbacks = counted.sum("pgsidecar_transaction_rollbacks_total")
        self.statements = counted.sum("pgsidecar_query_duration_seconds_count")

    def check_identities(self):
        """What docs/metrics.md promises for any moment at which nothing is in flight."""
        page = self.page
        durations = page.sum("pgsidecar_query_duration_seconds_count")
        errors = page.sum("pgsidecar_query_errors_total")
        assert durations == page.sum("pgsidecar_query_successes_total") + errors
        assert errors == page.sum("pgsidecar_query_sqlstate_errors_total")
        assert durations == page.sum("pgsidecar_statement_duration_seconds_count")
        assert errors == page.sum("pgsidecar_statement_errors_total")
        fast = page.sum("pgsidecar_query_duration_seconds_bucket", le="1.0")
        assert page.sum("pgsidecar_slow_queries_total") == durations - fast
        assert page.sum("pgsidecar_internal_errors_total") == 0
        assert page.sum("pgsidecar_events_dropped_total") == 0


@contextlib.contextmanager
def recording(sidecar):
    """`with recording(sidecar) as books: …` and then `books()`; checks that gauges are back."""
    before = sidecar.settled()
    found = []

    def books():
        return found[0]

    yield books
    after = sidecar.settled()
    for gauge in ("queries_in_flight", "running_slow_queries",
                  "oldest_running_query_start_timestamp_seconds"):
        assert after.sum(f"pgsidecar_{gauge}") == 0, gauge
    changed = Books(after.since(before))
    changed.check_identities()
    found.append(changed)
