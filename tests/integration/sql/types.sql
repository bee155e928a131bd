-- Every kind of value and of output.
\set VERBOSITY verbose
\pset null '<null>'
SELECT 1, -2::int2, 3::int8, 4.5::float4, 'NaN'::float8, 'Infinity'::float8, 12345.678900::numeric;
SELECT true, false, NULL, 'text', 'char'::char(8), 'äöü €  𝄞', E'tab\there', U&'\0041';
SELECT '\xdeadbeef'::bytea, '{1,2,NULL,4}'::int[], '{{a,b},{c,d}}'::text[][];
SELECT '2024-02-29'::date, '23:59:59.999999'::time, '2024-01-01 00:00:00+02'::timestamptz AT TIME ZONE 'UTC';
SELECT '1 year 2 mons 3 days 04:05:06'::interval, '[1,10)'::int4range, '{[1,2),[5,6)}'::int4multirange;
SELECT '{"a": [1, 2, {"b": null}]}'::json, '{"b":1,"a":2}'::jsonb, '$.a[*]'::jsonpath;
SELECT '10.0.0.0/8'::cidr, '::1'::inet, '08:00:2b:01:02:03'::macaddr, B'1010'::bit(4), '(1,2)'::point;
SELECT 'a fat cat'::tsvector, 'fat & cat'::tsquery, '<a>x</a>'::xml, '12.34'::money;
SELECT ROW(1, 'two', NULL), (SELECT array_agg(x) FROM generate_series(1, 5) x);
SELECT repeat('x', 100000);
SELECT * FROM generate_series(1, 3000) AS t(n);
SELECT;
SELECT 1 WHERE false;
\x on
SELECT 1 AS "a column with a name", 'two
lines' AS b;
\x off
\pset format csv
SELECT 1 AS a, 'quo"te' AS b;
\pset format html
SELECT '<b>' AS a;
\pset format unaligned
SELECT 1 AS a, 2 AS b \gdesc
SELECT 'SELECT ' || n AS q FROM generate_series(1, 3) n \gexec
SELECT 5 AS five \gset
\echo :five
;
SELECT 1\; SELECT 2\; SELECT 3;
VALUES (1, 'a'), (2, 'b');
TABLE pg_catalog.pg_am;
SHOW server_encoding;
EXPLAIN (COSTS off) SELECT 1;
