SELECT 1
SELECT 1 AS one, 2 AS two
SELECT NULL, TRUE, FALSE
SELECT * FROM users
SELECT * FROM users WHERE id = 42
SELECT u.id, u.email FROM users u WHERE u.email = 'ann@example.org' LIMIT 1
SELECT u.id, u.email FROM public.users AS u WHERE u.email ILIKE '%@example.org' AND u.deleted_at IS NULL
SELECT DISTINCT country FROM customers ORDER BY country
SELECT DISTINCT ON (customer_id) customer_id, placed_at FROM orders ORDER BY customer_id, placed_at DESC
SELECT count(*) FROM orders
SELECT count(*) AS n, sum(total), avg(total)::numeric(10,2) FROM orders WHERE placed_at >= '2024-01-01' AND placed_at < '2024-02-01'
SELECT customer_id, count(*) FROM orders GROUP BY customer_id HAVING count(*) > 5 ORDER BY 2 DESC
SELECT customer_id, status, sum(total) FROM orders GROUP BY ROLLUP (customer_id, status)
SELECT customer_id, status, sum(total) FROM orders GROUP BY GROUPING SETS ((customer_id), (status), ())
SELECT a.id FROM a JOIN b ON a.id = b.a_id
SELECT a.id FROM a LEFT JOIN b ON a.id = b.a_id RIGHT JOIN c USING (id)
SELECT a.id FROM a FULL OUTER JOIN b ON a.id = b.a_id CROSS JOIN c NATURAL JOIN d
SELECT a.id FROM a, b, c WHERE a.id = b.id AND b.id = c.id
SELECT * FROM a JOIN LATERAL (SELECT * FROM b WHERE b.a_id = a.id LIMIT 3) x ON TRUE
SELECT * FROM orders WHERE id IN (1, 2, 3, 4, 5)
SELECT * FROM orders WHERE id NOT IN (1, 2, 3)
SELECT * FROM orders WHERE (customer_id, status) IN ((1, 'new'), (2, 'paid'))
SELECT * FROM orders WHERE customer_id IN (SELECT id FROM customers WHERE country = 'FR')
SELECT * FROM orders WHERE id = ANY ('{1,2,3}'::int[])
SELECT * FROM orders WHERE id = ANY (ARRAY[1, 2, 3])
SELECT * FROM orders WHERE id = ANY ($1)
SELECT * FROM orders WHERE total > ALL (SELECT total FROM old_orders)
SELECT * FROM orders o WHERE EXISTS (SELECT 1 FROM items i WHERE i.order_id = o.id AND i.price > 100)
SELECT * FROM orders WHERE placed_at BETWEEN '2024-01-01' AND '2024-12-31'
SELECT * FROM orders WHERE total BETWEEN -5 AND -1
SELECT * FROM orders WHERE placed_at > now() - interval '7 days'
SELECT * FROM orders WHERE placed_at > current_date - 7
SELECT * FROM orders WHERE placed_at > CURRENT_TIMESTAMP - '1 hour'::interval
SELECT * FROM orders WHERE note LIKE 'a\_b%' ESCAPE '\'
SELECT * FROM orders WHERE note SIMILAR TO '(a|b)%'
SELECT * FROM orders WHERE note ~ '^[a-z]+$' AND note !~* 'x'
SELECT * FROM orders WHERE status IS NOT NULL AND flag IS TRUE AND other IS DISTINCT FROM 3
SELECT * FROM orders WHERE NOT (a OR b) AND (c AND NOT d)
SELECT * FROM orders ORDER BY placed_at DESC NULLS LAST, id ASC LIMIT 20 OFFSET 40
SELECT * FROM orders ORDER BY id FETCH FIRST 10 ROWS ONLY
SELECT * FROM orders ORDER BY id OFFSET 5 ROWS FETCH NEXT 10 ROWS WITH TIES
SELECT * FROM orders WHERE id = 1 FOR UPDATE
SELECT * FROM orders o JOIN items i ON i.order_id = o.id WHERE o.id = 1 FOR UPDATE OF o SKIP LOCKED
SELECT * FROM orders WHERE id = 1 FOR NO KEY UPDATE NOWAIT
SELECT * FROM orders WHERE id = 1 FOR SHARE
SELECT id, CASE WHEN total > 100 THEN 'big' WHEN total > 10 THEN 'mid' ELSE 'small' END FROM orders
SELECT id, CASE status WHEN 'new' THEN 1 WHEN 'paid' THEN -2 ELSE -3 END - 1 FROM orders
SELECT COALESCE(name, 'none'), NULLIF(a, 0), GREATEST(1, 2, 3), LEAST(a, b) FROM t
SELECT CAST('1' AS integer), '2'::bigint, 3::text, CAST(x AS numeric(12,4)) FROM t
SELECT x::varchar(20), y::char(3), z::bit(8), w::bit varying(16) FROM t
SELECT x::timestamp(3), y::timestamp(0) with time zone, z::time(6) FROM t
SELECT x::character varying(64), y::national character varying(10), z::decimal(8, 2), f::float(24) FROM t
SELECT date '2024-02-29', timestamp '2024-02-29 10:00', time '10:00', interval '1' day
SELECT interval '1 day 2 hours', interval '3' hour to minute, interval(3) '1.2345 seconds'
SELECT extract(epoch FROM placed_at), extract('year' FROM placed_at), date_part('month', placed_at) FROM orders
SELECT placed_at AT TIME ZONE 'UTC', placed_at AT TIME ZONE 'Europe/Paris' FROM orders
SELECT substring(name FROM 1 FOR 3), substring(name, 2), position('a' IN name), overlay(name PLACING 'x' FROM 2) FROM t
SELECT trim(both 'x' FROM name), trim(leading FROM name), ltrim(name), upper(name) FROM t
SELECT 'a' || 'b' || name || E'\n' FROM t
SELECT -1, - 1, +1, -x, -(1), 1 - 1, 1-1, x-1, x - -1, 2 * -3 FROM t
SELECT a[1], a[1:2], a[:3], b[1][2], (f(x)).field, (t).*, ARRAY[1,2,3][2] FROM t
SELECT ARRAY[[1,2],[3,4]], ARRAY['a','b'], ARRAY[]::int[], ARRAY(SELECT id FROM t)
SELECT ROW(1, 'a'), (1, 2) = (3, 4), ROW(t.*) FROM t
SELECT data->'a'->>'b', data#>'{a,b}', data#>>'{a,b}', data @> '{"a":1}'::jsonb FROM docs
SELECT data ? 'a', data ?| ARRAY['a','b'], data ?& ARRAY['a'], data @? '$.a', data @@ '$.a > 1' FROM docs
SELECT data - 'a', data - 1, data #- '{a}' FROM docs
SELECT jsonb_build_object('a', 1, 'b', 2), jsonb_agg(x ORDER BY y), to_jsonb(t) FROM t
SELECT * FROM jsonb_to_recordset('[{"a":1}]') AS x(a int, b text)
SELECT * FROM jsonb_array_elements('[1,2]') WITH ORDINALITY AS e(v, n)
SELECT * FROM generate_series(1, 10) AS g(i)
SELECT * FROM generate_series('2024-01-01'::date, '2024-12-31', '1 month') d
SELECT * FROM unnest(ARRAY[1,2], ARRAY['a','b']) AS u(a, b)
SELECT * FROM ROWS FROM (generate_series(1, 3), unnest(ARRAY[1,2])) AS r(a, b)
SELECT * FROM t TABLESAMPLE bernoulli (10) REPEATABLE (42)
SELECT rank() OVER (PARTITION BY a ORDER BY b DESC), row_number() OVER w FROM t WINDOW w AS (ORDER BY c)
SELECT sum(x) OVER (ORDER BY y ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) FROM t
SELECT sum(x) OVER (ORDER BY y RANGE BETWEEN UNBOUNDED PRECEDING AND 5 FOLLOWING EXCLUDE CURRENT ROW) FROM t
SELECT count(*) FILTER (WHERE a > 1), percentile_cont(0.95) WITHIN GROUP (ORDER BY d) FROM t
SELECT string_agg(DISTINCT name, ', ' ORDER BY name) FROM t
SELECT lag(x, 1, 0) OVER (ORDER BY y), first_value(x) IGNORE FROM t
SELECT a FROM t UNION SELECT b FROM u
SELECT a FROM t UNION ALL SELECT b FROM u EXCEPT SELECT c FROM v INTERSECT SELECT d FROM w
(SELECT a FROM t ORDER BY a LIMIT 1) UNION ALL (SELECT b FROM u ORDER BY b LIMIT 2) ORDER BY 1
SELECT x.a FROM (SELECT a, b FROM t WHERE c = 1) x WHERE x.b = 2
SELECT x.a FROM (VALUES (1, 'a'), (2, 'b')) AS x(a, b)
SELECT (SELECT max(id) FROM u), (SELECT 1) + 2 FROM t
VALUES (1, 'a'), (2, 'b'), (3, 'c')
VALUES (1), (2), (now()), (3)
TABLE users
TABLE ONLY users
WITH a AS (SELECT 1 AS x) SELECT * FROM a
WITH a AS (SELECT 1), b AS (SELECT * FROM a) SELECT * FROM b JOIN a ON TRUE
WITH RECURSIVE tree AS (SELECT id, parent FROM nodes WHERE id = 1 UNION ALL SELECT n.id, n.parent FROM nodes n JOIN tree t ON n.parent = t.id) SELECT * FROM tree
WITH a AS MATERIALIZED (SELECT * FROM t), b AS NOT MATERIALIZED (SELECT * FROM u) SELECT * FROM a, b
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 100) SEARCH DEPTH FIRST BY n SET o SELECT * FROM r
SELECT "Weird Column", "select", "a""b" FROM "Weird Table" WHERE "x" = 'y'
SELECT U&"d\0061t\+000061" FROM t
SELECT 'it''s', E'it\'s', $$it's$$, $tag$it's $$ $tag$, U&'d\0061t', B'1010', X'1F'
SELECT 'one' -- a comment
SELECT /* a comment */ 1 /* nested /* comment */ still */ + 2
SELECT 1.5, .5, 5., 1e10, 1.5e-3, 1E+5
SELECT f(a => 1, b := 2), f(VARIADIC ARRAY[1,2]), schema.f(1), f()
SELECT x COLLATE "C" FROM t ORDER BY x COLLATE "de_DE"
SELECT current_user, session_user, current_schema, current_catalog, localtime, localtimestamp(3)
SELECT pg_sleep(0.5)
SELECT pg_advisory_lock(42), nextval('seq'), currval('seq'::regclass)
SELECT a IS NULL, b ISNULL, c NOTNULL, d IS UNKNOWN, e IS JSON FROM t
SELECT a OPERATOR(pg_catalog.+) b FROM t
SELECT a <-> '(1,2)'::point, b <@ c, d && e, f << g, h ^ 2, |/ 4, @ -5, 5 % 2, ~1, 1 # 2 FROM t
SELECT (a).b.c, t.a.b FROM t
SELECT xmlelement(name foo, xmlattributes('a' AS b), 'c'), xmlparse(content '<a/>')
SELECT to_tsvector('english', body) @@ plainto_tsquery('english', 'word') FROM docs
SELECT ts_rank(v, q), ts_headline(body, q) FROM docs, to_tsquery('a & b') q WHERE v @@ q
SELECT * FROM t WHERE a = 1 AND b = 'x' AND c = 1.5 AND d = TRUE AND e = NULL
SELECT * FROM t WHERE a = $1 AND b = $2 AND c = $1
SELECT * FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r','p','') AND n.nspname <> 'pg_catalog' AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 1,2
SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) FROM pg_catalog.pg_attribute a WHERE a.attrelid = '16384' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
SELECT t.oid, t.typname FROM pg_type t WHERE t.typname = 'hstore' OR t.typelem = 0 AND t.typinput::varchar = 'array_in'
SELECT set_config('search_path', '', false)
SELECT INTO_x FROM t
SELECT * INTO newtable FROM t WHERE a = 1
SELECT 1 WHERE 1 = 1 AND 'a' <> 'b' AND 2 != 3 AND 4 >= 3 AND 3 <= 4
SELECT café, naïve FROM menü WHERE straße = 'Größe'
SELECT '日本', "列" FROM "表" WHERE 名前 = 'x'
SELECT * FROM a.b.c WHERE d = 1
SELECT * FROM users WHERE id = 42;
