"""What clients ask, and what each adds to the books, for tests that compare sums."""

from protocol import (COPY_DONE, SYNC, bind, copy_data, execute, extended, function_call, parse,
                      query)

TABLE = "CREATE TABLE IF NOT EXISTS truth (id int)"

# (request, ReadyForQuery, what it adds to the books)
ACTIONS = [
    (query("SELECT 1"), 1, {"SELECT": 1, "rows": 1}),
    (query("SELECT generate_series(1, 37)"), 1, {"SELECT": 1, "rows": 37}),
    (query("SELECT 1; SELECT 2; INSERT INTO truth VALUES (1), (2), (3)"), 1,
     {"SELECT": 2, "rows": 2, "INSERT": 1, "affected": 3}),
    (query("SELECT 1 / 0; SELECT 2"), 1, {"22012": 1, "aborted": 1}),
    (query("SELECT * FROM nothing_of_this_name"), 1, {"42P01": 1}),
    (extended("SELECT 1") * 5 + SYNC, 1, {"SELECT": 5, "rows": 5}),
    ((extended("SELECT 1") + SYNC) * 5, 5, {"SELECT": 5, "rows": 5}),
    (parse("SELECT $1::int", "p") + (bind([7], "p") + execute()) * 4 + SYNC, 1, None),
    (extended("SELECT 'x'::int") + extended("SELECT 1") * 3 + SYNC, 1, {"22P02": 1, "aborted": 3}),
    (extended("UPDATE truth SET id = id WHERE false") + SYNC, 1, {"UPDATE": 1}),
    (extended("INSERT INTO truth VALUES (7)") + SYNC, 1, {"INSERT": 1, "affected": 1}),
    (query("BEGIN") + extended("DELETE FROM truth WHERE id = -1") + SYNC + query("ROLLBACK"), 3,
     {"TRANSACTION": 2, "DELETE": 1, "blocks": 1, "rollbacks": 1}),
    (query("BEGIN") + query("SELECT 1 / 0") + query("SELECT 1") + query("COMMIT"), 4,
     {"TRANSACTION": 2, "22012": 1, "25P02": 1, "blocks": 1, "rollbacks": 1}),
    (query("COPY truth FROM STDIN") + copy_data(b"1\n2\n") + COPY_DONE, 1,
     {"in": 1, "affected": 2}),
    (query("COPY (SELECT generate_series(1, 9)) TO STDOUT"), 1, {"out": 1, "rows": 9}),
    (function_call(177, 20, 22), 1, {"CALL": 1}),
    (query(""), 1, {"EMPTY": 1}),
]
NAMED = {"SELECT": 4, "rows": 4}


def named(name):
    """The action with a named statement, under a name that its session has not used."""
    return parse("SELECT $1::int", name) + (bind([7], name) + execute()) * 4 + SYNC


def batch(chosen, number, counted):
    """(request, ReadyForQuery) of some actions in one piece; adds to `counted`. `number` is
    different for each batch of a session."""
    requests, ready = b"", 0
    for index, (request, count, adds) in enumerate(chosen):
        requests += request if adds else named(f"p{number}_{index}")
        ready += count
        counted.update(adds or NAMED)
    return requests, ready
