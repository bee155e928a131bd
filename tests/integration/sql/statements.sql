-- Statements of every class, errors at every stage, notices, transactions, cursors.
\set VERBOSITY verbose
DROP SCHEMA IF EXISTS transparency CASCADE;
CREATE SCHEMA transparency;
SET search_path = transparency;
CREATE TABLE t (id int PRIMARY KEY, v text NOT NULL CHECK (v <> ''), n numeric DEFAULT 0);
CREATE TABLE child (id int REFERENCES t (id) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO t SELECT i, 'row ' || i, i / 3.0 FROM generate_series(1, 100) i;
INSERT INTO t VALUES (101, 'x') RETURNING *;
UPDATE t SET v = v || '!' WHERE id < 4 RETURNING id, v;
DELETE FROM t WHERE id > 99;
MERGE INTO t USING (VALUES (1, 'merged'), (200, 'new')) AS s (id, v) ON t.id = s.id
  WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.v);
INSERT INTO t VALUES (1, 'dup') ON CONFLICT (id) DO UPDATE SET v = excluded.v;
-- errors: syntax, unknown names, constraints, data, arithmetic, privileges
SELEC 1;
SELECT * FROM no_such_table;
SELECT no_such_column FROM t;
INSERT INTO t VALUES (1, 'dup');
INSERT INTO t VALUES (300, NULL);
INSERT INTO t VALUES (300, '');
INSERT INTO child VALUES (4711);
SELECT 1 / 0;
SELECT 'abc'::int;
SELECT 99999999999::int4;
SELECT '2024-02-30'::date;
DROP TABLE t;
SET ROLE rejected_user;
SELECT * FROM t;
CREATE TABLE transparency.forbidden ();
RESET ROLE;
SELECT n, 1 / (3 - n) FROM generate_series(1, 5) n;
SELECT 1; SELECT 1 / 0; SELECT 2;
SELECT 1\; SELECT 1 / 0\; SELECT 2;
-- notices of every level
DO $$ BEGIN
  RAISE DEBUG 'debug'; RAISE LOG 'log'; RAISE INFO 'info'; RAISE NOTICE 'notice %', 1;
  RAISE WARNING 'warning' USING HINT = 'hint', DETAIL = 'detail';
END $$;
SET client_min_messages = debug1;
SELECT 1;
RESET client_min_messages;
DROP TABLE IF EXISTS nothing_here;
DO $$ BEGIN RAISE EXCEPTION 'custom' USING ERRCODE = 'P0042', TABLE = 't', COLUMN = 'c'; END $$;
-- transactions
BEGIN; INSERT INTO t VALUES (400, 'a'); ROLLBACK;
BEGIN; SELECT 1 / 0; SELECT 1; COMMIT;
BEGIN; SAVEPOINT a; SELECT 1 / 0; ROLLBACK TO a; SELECT count(*) FROM t; RELEASE a; COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY; INSERT INTO t VALUES (1, 'x'); ROLLBACK;
BEGIN; COMMIT AND CHAIN; ROLLBACK AND CHAIN; COMMIT;
BEGIN; INSERT INTO child VALUES (4711); COMMIT;
BEGIN; PREPARE TRANSACTION 'transparency'; COMMIT PREPARED 'transparency';
COMMIT;
-- cursors, prepared statements, functions, procedures
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id FROM t ORDER BY id;
FETCH 3 FROM c; MOVE 10 IN c; FETCH BACKWARD 2 FROM c; FETCH ALL FROM c; CLOSE c;
DECLARE h CURSOR WITH HOLD FOR SELECT id FROM t ORDER BY id;
COMMIT;
FETCH 2 FROM h; CLOSE h;
FETCH 1 FROM h;
\set FETCH_COUNT 7
SELECT id, v FROM t ORDER BY id LIMIT 30;
\unset FETCH_COUNT
PREPARE p (int) AS SELECT v FROM t WHERE id = $1;
EXECUTE p (2); EXECUTE p ('x'); DEALLOCATE p; EXECUTE p (2);
DISCARD ALL;
SET search_path = transparency;
CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT $1 * 2; END;
CREATE PROCEDURE nothing(INOUT x int) LANGUAGE plpgsql AS $$ BEGIN x := x + 1; COMMIT; END $$;
SELECT twice(21); CALL nothing(1);
-- COPY both ways
COPY t TO STDOUT;
COPY (SELECT id, v FROM t WHERE id < 4) TO STDOUT (FORMAT csv, HEADER);
COPY t (id, v) FROM STDIN;
500	five hundred
501	five hundred and one
\.
COPY t (id, v) FROM STDIN;
502	fine
1	duplicate key
\.
COPY t (id, v) FROM STDIN;
not a number	x
\.
COPY no_such_table TO STDOUT;
SELECT count(*) FROM t;
\copy t to pstdout
\copy (SELECT 1) to 'out.copy'
\copy t (v, id) from program 'printf "from a program\t600\n"'
SELECT count(*) FROM t;
-- large objects
\lo_import /etc/hostname 'a large object'
SELECT lo_put(:LASTOID, 0, '\x68656c6c6f');
SELECT lo_get(:LASTOID, 0, 5);
\lo_export :LASTOID out.lo
\lo_unlink :LASTOID
-- LISTEN and NOTIFY
LISTEN channel;
NOTIFY channel, 'payload';
SELECT pg_notify('channel', 'second');
UNLISTEN *;
-- descriptions
\d t
\dn transparency
\df twice
\l postgres
VACUUM t; ANALYZE t; CLUSTER; REINDEX TABLE t; TRUNCATE child;
\d no_such_thing
DROP SCHEMA transparency CASCADE;
\password_is_no_command
