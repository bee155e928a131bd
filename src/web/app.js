'use strict';

const refreshMillis = 2000;
const statementsShown = 20;
const roundsPerConfiguration = 15;
let sort = 'total';
let timer = 0;
let round = 0;

const find = (selector) => document.querySelector(selector);

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function seconds(value) {
  if (value === null || value === undefined) return '–';
  const steps = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's'], [1e-3, 'ms'], [1e-6, 'µs']];
  const [unit, name] = steps.find(([size]) => value >= size) || [1e-6, 'µs'];
  return `${Number((value / unit).toPrecision(3))} ${name}`;
}

const count = (value) => value.toLocaleString('en');

function statementCell(entry) {
  const cell = element('td', undefined, 'statement');
  const name = entry.operation || entry.summary || (entry.event || 'unknown').replace('_', ' ');
  cell.append(element('span', name));
  const detail = entry.query || (entry.fingerprints || []).join(', ');
  if (detail && detail !== name) {
    const query = element('span', detail, 'query');
    query.tabIndex = 0;
    cell.append(query);
  }
  if (entry.fingerprint) cell.title = entry.fingerprint;
  return cell;
}

const cell = (text) => element('td', text || '');

function numberCell(text, className) {
  return element('td', text, className ? `number ${className}` : 'number');
}

function fill(id, rows) {
  const section = find(id);
  section.querySelector('tbody').replaceChildren(...rows);
  section.querySelector('.scroll').hidden = rows.length === 0;
  const empty = section.querySelector('.empty');
  if (empty) empty.hidden = rows.length > 0;
}

function row(...cells) {
  const made = element('tr');
  made.append(...cells);
  return made;
}

function showStatements(answer) {
  const all = answer.statements;
  const most = Math.max(...all.map((entry) => entry.total_seconds), 1e-9);
  fill('#statements', all.map((entry) => {
    const total = numberCell(seconds(entry.total_seconds), 'share');
    total.style.setProperty('--share', `${(100 * entry.total_seconds / most).toFixed(1)}%`);
    return row(statementCell(entry), cell(entry.datname), total, numberCell(count(entry.calls)),
      numberCell(seconds(entry.mean_seconds)), numberCell(seconds(entry.p95_seconds)),
      numberCell(count(entry.errors), entry.errors && 'hot'), numberCell(count(entry.rows)),
      numberCell(count(entry.slow), entry.slow && 'hot'));
  }));
  find('#statements h2 small').textContent =
    all.length < answer.tracked ? `${all.length} of ${answer.tracked}` : '';
  for (const head of document.querySelectorAll('[data-sort]')) {
    if (head.dataset.sort === answer.sort) head.setAttribute('aria-sort', 'descending');
    else head.removeAttribute('aria-sort');
  }
}

function showSlow(answer) {
  find('#running').hidden = answer.running.length === 0;
  fill('#running', answer.running.map((entry) =>
    row(numberCell(seconds(entry.duration_s), 'hot'), statementCell(entry), cell(entry.datname),
      cell(entry.client))));
  fill('#recent', answer.recent.map((entry) => {
    const when = element('td', new Date(entry.ts).toLocaleTimeString());
    when.title = entry.ts;
    return row(when, numberCell(seconds(entry.duration_s)), statementCell(entry),
      cell(entry.datname), cell(entry.client), cell(entry.sqlstate));
  }));
  find('#recent h2 small').textContent = `longer than ${seconds(answer.threshold_seconds)}`;
}

// Colours the link of a probe; gives the reason if it is not well.
async function showProbe(link) {
  const answer = await fetch(link.href);
  const reason = (await answer.text()).trim();
  link.className = answer.ok ? 'good' : 'bad';
  return answer.ok ? '' : `Not ${link.textContent}: ${reason}.`;
}

async function get(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address} answered ${answer.status}`);
  return answer;
}

const json = async (address) => (await get(address)).json();

// Says since when the configuration is in use, and whether a later one was refused.
async function showConfiguration() {
  const page = await (await get('/metrics')).text();
  const value = (name) =>
    Number((page.match(new RegExp(`^pgsidecar_config_last_reload_${name} (.+)$`, 'm')) || [])[1]);
  const loaded = new Date(1000 * value('success_timestamp_seconds'));
  if (Number.isNaN(loaded.getTime())) return;
  const refused = value('successful') === 0;
  const line = find('#configuration');
  line.textContent = `Configuration of ${loaded.toLocaleString()}`
    + (refused ? '; the last reload failed, see the log.' : '.');
  line.className = refused ? 'hot' : '';
  line.hidden = false;
}

async function refresh() {
  clearTimeout(timer);
  round += 1;
  const mine = round;
  const show = (display) => (answer) => { if (mine === round) display(answer); };
  const probes = [...document.querySelectorAll('[data-probe]')];
  if (mine % roundsPerConfiguration === 1) showConfiguration().catch(() => {});
  const done = await Promise.allSettled([
    json(`/api/v1/statements?sort=${sort}&limit=${statementsShown}`).then(show(showStatements)),
    json('/api/v1/slow-queries').then(show(showSlow)),
    ...probes.map(showProbe),
  ]);
  if (mine !== round) return;
  const failed = done.find((result) => result.status === 'rejected');
  if (failed) for (const link of probes) link.className = '';
  const lines = failed ? [`What you see is old: ${failed.reason.message}.`]
    : done.map((result) => result.value).filter(Boolean);
  const trouble = find('#trouble');
  trouble.hidden = lines.length === 0;
  trouble.textContent = lines.join(' ');
  if (!document.hidden) timer = setTimeout(refresh, refreshMillis);
}

for (const head of document.querySelectorAll('[data-sort]')) {
  head.querySelector('button').addEventListener('click', () => {
    sort = head.dataset.sort;
    refresh();
  });
}
document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });
refresh();
