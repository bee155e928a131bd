INSERT INTO users VALUES (1, 'ann', 'ann@example.org')
INSERT INTO users (id, name) VALUES (1, 'ann')
INSERT INTO users (id, name) VALUES (1, 'ann'), (2, 'bob'), (3, 'eve')
INSERT INTO users (id, name) VALUES ($1, $2), ($3, $4)
INSERT INTO users (name) VALUES ('x') RETURNING id
INSERT INTO users (name, at) VALUES ('x', now()), ('y', DEFAULT)
INSERT INTO users DEFAULT VALUES
INSERT INTO audit SELECT * FROM orders WHERE placed_at < '2020-01-01'
INSERT INTO audit (a, b) SELECT x, 1 FROM orders JOIN items USING (id)
INSERT INTO t (a, b) VALUES (1, 2) ON CONFLICT DO NOTHING
INSERT INTO t (a, b) VALUES (1, 2) ON CONFLICT (a) DO UPDATE SET b = EXCLUDED.b, n = t.n + 1 WHERE t.b <> 5
INSERT INTO t (a, b) VALUES (1, 2) ON CONFLICT ON CONSTRAINT t_pkey DO UPDATE SET b = 3 RETURNING *
INSERT INTO t OVERRIDING SYSTEM VALUE VALUES (1, 2)
INSERT INTO t AS x (a) VALUES (1)
INSERT INTO s.t (a) VALUES (ARRAY[1,2,3]), (ARRAY[4,5])
INSERT INTO t (a) VALUES ((SELECT max(a) FROM t) + 1)
INSERT INTO t (a, b) VALUES (-1, -2.5), (-3, -4)
INSERT INTO t (doc) VALUES ('{"a": [1, 2, {"b": null}]}')
INSERT INTO t (a) VALUES (E'\\x1234'), ('\x5678'::bytea)
WITH x AS (SELECT 1 AS a) INSERT INTO t SELECT a FROM x
WITH moved AS (DELETE FROM orders WHERE done RETURNING *) INSERT INTO archive SELECT * FROM moved
UPDATE users SET name = 'ann' WHERE id = 1
UPDATE users SET name = 'ann', age = age + 1, at = now() WHERE id IN (1, 2, 3)
UPDATE users u SET name = o.name FROM others o WHERE o.id = u.id AND o.kind = 'x'
UPDATE ONLY users SET name = DEFAULT
UPDATE users SET (a, b) = (1, 2) WHERE id = 3
UPDATE users SET (a, b) = (SELECT x, y FROM t WHERE t.id = users.id)
UPDATE users SET tags[1] = 'x', doc = jsonb_set(doc, '{a,b}', '1') WHERE id = 1
UPDATE users SET a = CASE WHEN b > 1 THEN -1 ELSE 1 END RETURNING id, a
UPDATE users SET balance = balance - 100.50 WHERE id = 7 AND balance >= 100.50
UPDATE accounts SET balance = balance + -4000 WHERE aid = 99
UPDATE t SET a = NULL WHERE CURRENT OF c
WITH x AS (SELECT id FROM t LIMIT 10 FOR UPDATE SKIP LOCKED) UPDATE t SET taken = TRUE FROM x WHERE x.id = t.id RETURNING t.*
DELETE FROM users WHERE id = 1
DELETE FROM users
DELETE FROM ONLY users WHERE name LIKE 'x%'
DELETE FROM users u USING orders o WHERE o.user_id = u.id AND o.total < 1
DELETE FROM users WHERE id IN (SELECT user_id FROM banned) RETURNING id
WITH old AS (SELECT id FROM t ORDER BY at LIMIT 100) DELETE FROM t USING old WHERE t.id = old.id
MERGE INTO stock s USING sales x ON s.id = x.id WHEN MATCHED THEN UPDATE SET n = s.n - x.n WHEN NOT MATCHED THEN INSERT (id, n) VALUES (x.id, 0)
MERGE INTO stock USING sales ON stock.id = sales.id WHEN MATCHED AND sales.n > 10 THEN DELETE WHEN MATCHED THEN DO NOTHING
WITH x AS (SELECT 1 AS id) MERGE INTO stock s USING x ON s.id = x.id WHEN NOT MATCHED THEN INSERT DEFAULT VALUES
CALL refresh(1, 'x')
CALL app.refresh()
CALL app.refresh(a => 1, b => now())
INSERT INTO t (a, b, c) VALUES (1, 2, 3), (4, 5, 6), (7, 8, 9), (10, 11, 12), (13, 14, 15)
INSERT INTO "Order Items" ("Item Id", qty) VALUES (5, 6)
INSERT INTO t (a) SELECT generate_series(1, 1000)
INSERT INTO t (a) TABLE u
INSERT INTO t (p) VALUES (point(1, 2)), (point(3, 4))
UPDATE t SET a = b WHERE c = $1 AND d = ANY ($2::int[])
DELETE FROM t WHERE a = $1 AND b = $2
DELETE FROM sessions WHERE expires_at < now() - interval '30 days'
INSERT INTO events (kind, payload, at) VALUES ('login', '{"ip":"10.0.0.1"}', '2024-05-05T10:00:00Z'::timestamptz)
UPDATE jobs SET state = 'running', started_at = clock_timestamp(), tries = tries + 1 WHERE id = (SELECT id FROM jobs WHERE state = 'queued' ORDER BY priority DESC, id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING *
