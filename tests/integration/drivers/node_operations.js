// Prints what node-postgres sees of one server: node node_operations.js PORT.
'use strict';
const { Client, Pool } = require('pg');
const { version } = require('pg/package.json');

const options = { host: '127.0.0.1', port: Number(process.argv[2]), user: 'postgres', database: 'postgres' };
let step = 0;
const say = (what, ...values) =>
  console.log(++step, what, ...values.map((value) => JSON.stringify(value)));

async function fails(what, promise) {
  try {
    await promise;
    say(what, 'no error');
  } catch (error) {
    say(what, error.code, error.message);
  }
}

async function values(client) {
  const ask = async (what, text, parameters) =>
    say(what, (await client.query({ text, values: parameters, rowMode: 'array' })).rows);
  await ask('integers', 'SELECT 1, 2::int8, -3::int2');
  await ask('floats', "SELECT 1.5::float4, 'NaN'::float8, 1.50::numeric");
  await ask('text', 'SELECT $1::text', ["quo'te äöü"]);
  await ask('null', 'SELECT $1::text, $2::bool', [null, true]);
  await ask('bytea', 'SELECT $1::bytea', [Buffer.from([0, 255])]);
  await ask('array', 'SELECT $1::int[]', [[1, 2, 3]]);
  await ask('json', 'SELECT $1::jsonb', [{ a: [1] }]);
  await ask('times', "SELECT '2024-02-29'::date::text, '1 day'::interval");
  await ask('uuid', "SELECT '00000000-0000-0000-0000-000000000001'::uuid, '::1'::inet");
  await ask('range', "SELECT '[1,5)'::int4range");
  await ask('no row', 'SELECT 1 WHERE false');
  const many = await client.query('SELECT generate_series(1, 20000) AS n');
  say('rows', many.rows.reduce((sum, row) => sum + row.n, 0), many.rowCount);
  const large = await client.query("SELECT repeat('x', 3000000) AS x");
  say('large', large.rows[0].x.length);
  const several = await client.query('SELECT 1 AS a; SELECT 2 AS b');
  say('several', several.map((result) => result.rows));
  if (!version.startsWith('8.8.')) { // which sends a malformed Bind for binary results
    const binary = await client.query({ text: 'SELECT $1::int4 AS a', values: [7], binary: true });
    say('binary', binary.rows);
  }
}

async function errors(client) {
  await fails('syntax', client.query('SELEC 1'));
  await fails('table', client.query('SELECT * FROM no_such_table'));
  await fails('bind', client.query('SELECT $1::int', ['x']));
  await fails('division', client.query('SELECT 1 / $1::int', [0]));
  await fails('rows, then error', client.query('SELECT 1 / (5 - n) FROM generate_series(1, 9) n'));
  say('fine', (await client.query("SELECT 'fine' AS a")).rows);
}

async function tables(client) {
  await client.query('CREATE TEMP TABLE t (id int PRIMARY KEY, v text)');
  say('insert', (await client.query("INSERT INTO t VALUES (1, 'a'), (2, 'b')")).rowCount);
  say('returning', (await client.query("INSERT INTO t VALUES (3, 'c') RETURNING *")).rows);
  await fails('duplicate', client.query("INSERT INTO t VALUES (1, 'dup')"));
  say('update', (await client.query('UPDATE t SET v = $1 WHERE id < $2', ['x', 3])).rowCount);
  say('delete', (await client.query('DELETE FROM t WHERE id = $1', [3])).rowCount);
  for (const id of [1, 2, 3]) {
    const named = { name: 'by-id', text: 'SELECT v FROM t WHERE id = $1', values: [id] };
    say('named', (await client.query(named)).rows);
  }
  await fails('named error', client.query({ name: 'bad', text: 'SELECT $1::int / 0', values: [1] }));
  await client.query('BEGIN');
  await client.query('DELETE FROM t');
  await client.query('ROLLBACK');
  say('rolled back', (await client.query('SELECT count(*) FROM t')).rows);
  await client.query('BEGIN');
  await fails('in transaction', client.query('SELECT 1 / 0'));
  await fails('failed transaction', client.query('SELECT 1'));
  say('rollback', (await client.query('COMMIT')).command);
}

async function queued(client) {
  const promises = [];
  for (let n = 0; n < 50; n++) promises.push(client.query('SELECT $1::int AS n', [n]));
  say('queued', (await Promise.all(promises)).map((result) => result.rows[0].n));
  const described = await client.query('SELECT 1 AS a, 2.0 AS b');
  say('fields', described.fields.map((field) => [field.name, field.dataTypeID]));
}

async function notifications(client) {
  const notification = new Promise((resolve) => client.once('notification', resolve));
  const notice = new Promise((resolve) => client.once('notice', resolve));
  await client.query('LISTEN node');
  await client.query("NOTIFY node, 'payload'");
  await client.query("DO $$ BEGIN RAISE NOTICE 'a notice'; END $$");
  say('notification', (await notification).payload);
  say('notice', (await notice).message);
}

async function main() {
  const client = new Client(options);
  await client.connect();
  await values(client);
  await errors(client);
  await tables(client);
  await queued(client);
  await notifications(client);
  await client.end();
  const pool = new Pool({ ...options, max: 3 });
  const answers = [];
  for (let n = 0; n < 30; n++) answers.push(pool.query('SELECT $1::int AS n', [n]));
  say('pool', (await Promise.all(answers)).map((result) => result.rows[0].n));
  await pool.end();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
