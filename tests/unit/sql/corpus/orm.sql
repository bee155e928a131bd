SELECT "users"."id" AS "id", "users"."email" AS "email" FROM "users" WHERE "users"."email" = $1 LIMIT $2
SELECT "users".* FROM "users" INNER JOIN "posts" ON "posts"."user_id" = "users"."id" WHERE "posts"."published" = TRUE AND "users"."id" IN (1, 2, 3, 4) ORDER BY "users"."id" ASC LIMIT 25 OFFSET 50
SELECT 1 AS one FROM "users" WHERE "users"."name" = 'x' LIMIT 1
SELECT COUNT(*) FROM (SELECT 1 AS one FROM "users" LIMIT 100) subquery_for_count
INSERT INTO "users" ("name","email","created_at","updated_at") VALUES ('x','y','2024-01-01 00:00:00.123456','2024-01-01 00:00:00.123456') RETURNING "id"
UPDATE "users" SET "name" = 'z', "updated_at" = '2024-01-02 00:00:00' WHERE "users"."id" = 12
DELETE FROM "users" WHERE "users"."id" = 12
SELECT "public"."User"."id", "public"."User"."email", COALESCE("public"."User"."name", 'none') FROM "public"."User" WHERE ("public"."User"."id" = $1 AND 1=1) ORDER BY "public"."User"."id" ASC LIMIT $2 OFFSET $3
SELECT user_1.id AS user_1_id, user_1.name AS user_1_name, address_1.id AS address_1_id FROM "user" AS user_1 LEFT OUTER JOIN address AS address_1 ON user_1.id = address_1.user_id WHERE user_1.id = %(id)s
SELECT users.id, users.name FROM users WHERE users.id = $1::INTEGER AND users.name = $2::VARCHAR
SELECT anon_1.users_id FROM (SELECT users.id AS users_id FROM users WHERE users.age > $1 LIMIT $2 OFFSET $3) AS anon_1
INSERT INTO users (name, age) VALUES ($1::VARCHAR, $2::INTEGER) RETURNING users.id
INSERT INTO users (name, age) SELECT p0::VARCHAR, p1::INTEGER FROM (VALUES ($1, $2, 0), ($3, $4, 1)) AS imp_sen(p0, p1, sen_counter) ORDER BY sen_counter RETURNING users.id, users.id AS id__1
SELECT "django_session"."session_key", "django_session"."session_data" FROM "django_session" WHERE ("django_session"."expire_date" > '2024-01-01T00:00:00+00:00'::timestamptz AND "django_session"."session_key" = 'abc') LIMIT 21
SELECT (1) AS "a" FROM "app_thing" WHERE "app_thing"."id" = 3 LIMIT 1
SELECT "app_thing"."id", COUNT("app_part"."id") AS "n" FROM "app_thing" LEFT OUTER JOIN "app_part" ON ("app_thing"."id" = "app_part"."thing_id") GROUP BY "app_thing"."id" HAVING COUNT("app_part"."id") > 2 ORDER BY "n" DESC
select u1_0.id,u1_0.email,u1_0.name from users u1_0 where u1_0.email=$1 fetch first $2 rows only
select o1_0.id,o1_0.total from orders o1_0 left join items i1_0 on o1_0.id=i1_0.order_id where o1_0.customer_id in ($1,$2,$3) order by o1_0.id
insert into orders (customer_id,total,id) values ($1,$2,$3)
update orders set customer_id=$1,total=$2 where id=$3 and version=$4
select nextval('orders_seq')
SELECT o."Id", o."Total" FROM "Orders" AS o WHERE o."CustomerId" = @p0 ORDER BY o."Id" LIMIT 10
SELECT * FROM "orders" WHERE "orders"."deleted_at" IS NULL AND "orders"."id" = 10 ORDER BY "orders"."id" LIMIT 1
UPDATE "orders" SET "total"=10.5,"updated_at"='2024-01-01 00:00:00' WHERE id = 3 AND "orders"."deleted_at" IS NULL
select "id", "name" from "products" where "price" between $1 and $2 and "tags" @> $3 order by "price" asc limit $4
select exists(select * from "users" where "email" = 'x') as "exists"
select count(*) as aggregate from "users" where "active" = true
SELECT t.typname, t.oid FROM pg_type t JOIN pg_namespace ns ON t.typnamespace = ns.oid WHERE t.typtype IN ('b', 'e') AND ns.nspname = 'public'
SELECT abalance FROM pgbench_accounts WHERE aid = 12345
SELECT c FROM sbtest1 WHERE id BETWEEN 100 AND 199 ORDER BY c
SELECT DISTINCT c FROM sbtest1 WHERE id BETWEEN 5 AND 104 ORDER BY c
UPDATE pgbench_tellers SET tbalance = tbalance + -2000 WHERE tid = 3
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (1, 2, 3, -4000, CURRENT_TIMESTAMP)
SELECT id, title, ts_rank_cd(tsv, query) AS rank FROM articles, to_tsquery('english', 'a & b') query WHERE tsv @@ query ORDER BY rank DESC LIMIT 10
SELECT d.datname, pg_database_size(d.datname) FROM pg_database d WHERE NOT d.datistemplate
SELECT state, count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() GROUP BY state
