import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { readConfig } from '../../../../src/config.ts';
import { openDatabase } from '../../../../src/database/pool.ts';
import type { Database } from '../../../../src/database/pool.ts';
import { loadDailyReport } from '../../../../src/kinds/daily/page/data.ts';
import { renderDailyReport } from '../../../../src/kinds/daily/page/report.ts';
import { locateToolchain } from '../../../../src/stack/toolchain.ts';
import { openBrowser } from '../../../support/browser.ts';
import { testDatabase } from '../../../support/postgres.ts';
import { figureQueries, figureQuery, shares } from './figure-queries.ts';
import { fillRichDay } from './rich-day.ts';
import type { RichDay } from './rich-day.ts';
import { richDate } from './rich-pools.ts';

/** One figure as the browser shows it. */
interface Shown {
  name: string;
  key: string;
  /** As it was read, for the test. */
  value: string;
  /** As a reader sees it. */
  text: string;
}

let folder: string;
let browser: Browser;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sevenfold-figures-'));
  browser = await openBrowser(locateToolchain(readConfig().stateFolder).browser);
});

after(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

// Runs in the page, which TypeScript's settings here know nothing of: therefore text.
const readFigures = `[...document.querySelectorAll('tbody [data-value], [data-figure][data-value]')].map((e) => {
  const cell = e.matches('td, th') ? e : undefined;
  const column = cell && cell.closest('table').tHead.rows[0].cells[cell.cellIndex];
  const copy = e.cloneNode(true);
  for (const inner of copy.querySelectorAll('[data-figure]')) inner.remove();
  return {
    name: (cell ? column : e).getAttribute('data-figure') ?? '',
    key: e.closest('[data-key]')?.getAttribute('data-key') ?? '',
    value: e.getAttribute('data-value'),
    text: copy.textContent.trim(),
  };
})`;

// Every number in a cell or beside a name, of which nobody says which figure it is. Days, ids and what a source wrote are
// no figures.
const strayNumbers = `(() => {
  const stray = [];
  const walker = document.createTreeWalker(document.querySelector('body'), NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    const e = node.parentElement;
    if (!e.closest('td, dd, tfoot th, .statement')) continue;
    if (e.closest('[data-value], code, svg, .w')) continue;
    const text = node.textContent.replaceAll(/\\d{4}-\\d{2}-\\d{2}/g, '');
    if (/(?:^|[^\\w.-])[-+$]?\\d/.test(text)) stray.push(text.trim());
  }
  return stray;
})()`;

async function show(t: { after: (end: () => Promise<void>) => void }, day: RichDay) {
  const database = openDatabase(await testDatabase(), 'test');
  t.after(() => database.end());
  const { runId } = await fillRichDay(database, day);
  const file = join(folder, `${runId}.html`);
  await writeFile(file, renderDailyReport(await loadDailyReport(database, runId)));
  const page = await browser.newPage();
  await page.goto(pathToFileURL(file).href);
  const figures = (await page.evaluate<Shown[]>(readFigures)).map((figure) => {
    // The past of each pool is a column of its own.
    const pool = /^history (.*)$/.exec(figure.name)?.[1];
    return pool === undefined ? figure : { ...figure, name: 'history.apy', key: `${pool} ${figure.key}` };
  });
  const stray = await page.evaluate<string[]>(strayNumbers);
  await page.close();
  return { database, runId, figures, stray, dataset: day.dataset ?? 'files/real' };
}

async function stored(
  database: Database,
  name: string,
  of: readonly unknown[],
): Promise<Map<string, string | null>> {
  const { rows } = await database.query<{ key: string; value: string | null }>(figureQuery(name)!, [...of]);
  return new Map(rows.map(({ key, value }) => [key, value]));
}

const words: Record<string, RegExp> = {
  HOLD: /^hold$/,
  WITHDRAWAL: /^withdraw$/,
  CONVERSION: /^convert$/,
  ALLOCATION: /^deposit$/,
  true: /holds|noted|^true$/,
  false: /blocks|warns|noted|^false$/,
  // The phase that writes the page is not whole before the page is there.
  missing: /this page|missing/,
};

/** Compares what a reader sees with what the database holds, to the last digit shown. */
function assertShows(figure: Shown, inDatabase: string | null): void {
  const where = `${figure.name} ${figure.key}: shown "${figure.text}", stored ${inDatabase}`;
  if (inDatabase === null) {
    assert.equal(figure.value, '', where);
    assert.match(figure.text, /^–/, where);
    return;
  }
  const value = Number(inDatabase);
  if (inDatabase.trim() === '' || Number.isNaN(value)) {
    assert.equal(figure.value, inDatabase, where);
    assert.ok(words[inDatabase]?.test(figure.text) ?? figure.text.includes(inDatabase), where);
    return;
  }
  const read = Number(figure.value);
  // The ledger keeps six decimals of a dollar.
  const exact = figure.name.endsWith('_usd') ? 2e-6 : 1e-9;
  assert.ok(Math.abs(read - value) <= Math.max(exact, 1e-9 * Math.abs(value)), `${where}, read ${read}`);
  const seen = numberIn(figure.text);
  const meant = (shares.has(figure.name) ? 100 : 1) * value;
  assert.ok(
    Math.abs(seen.value - meant) <= seen.unit * 0.5 + 1e-6 * Math.max(1, Math.abs(meant)),
    `${where}, which reads ${seen.value}`,
  );
}

/** The number that a text begins with, and what its last digit is worth. */
function numberIn(text: string): { value: number; unit: number } {
  if (text === 'fresh') return { value: 0, unit: 0 };
  const minutes = /^(\d+)\s*min (\d\d)/.exec(text);
  if (minutes) return { value: Number(minutes[1]) * 60 + Number(minutes[2]), unit: 1 };
  const found = /^([+-]?)\$?([\d,]+)(?:\.(\d+))?\s*(ms)?/.exec(text);
  assert.ok(found, `"${text}" is no number`);
  const [, sign, whole, decimals = '', milli] = found;
  const scale = milli === undefined ? 1 : 0.001;
  const value = Number(`${sign}${whole!.replaceAll(',', '')}.${decimals || '0'}`) * scale;
  return { value, unit: 10 ** -decimals.length * scale };
}

for (const [what, day, portfolio] of [
  ['an optimal day', {}, 'paper'],
  ['a day that ran out of time', { status: 'feasible' }, 'paper'],
  ['an infeasible day', { status: 'infeasible' }, 'paper'],
  ['sample data', { dataset: 'sample' }, 'paper'],
] as const) {
  test(`${what}: every figure on the page stands in the database, and none is missing`, async (t) => {
    const { database, runId, figures, stray, dataset } = await show(t, day);
    assert.ok(figures.length > 400, `${figures.length} figures`);
    assert.deepEqual(stray, [], 'numbers that say nothing of themselves');
    const names = [...new Set(figures.map(({ name }) => name))].sort();
    assert.deepEqual(
      names.filter((name) => figureQueries[name] === undefined),
      [],
      'figures without a query',
    );
    const unused = Object.keys(figureQueries).filter((name) => !names.includes(name));
    if (what === 'an optimal day') assert.deepEqual(unused, ['allocations.why'], 'queries without a figure');
    for (const name of names) {
      const database_ = await stored(database, name, [runId, dataset, richDate, portfolio]);
      const shown = figures.filter((figure) => figure.name === name);
      for (const figure of shown) {
        assert.ok(database_.has(figure.key), `${name} has no row "${figure.key}"`);
        assertShows(figure, database_.get(figure.key)!);
      }
      // What the page leaves out on purpose: the pools of the other filter, and days beyond the ten compared.
      if (/^(?:pools\.|positions\.(?:before|after)_usd)/.test(name)) continue;
      const keys = new Set(shown.map(({ key }) => key));
      for (const key of database_.keys()) assert.ok(keys.has(key), `${name} "${key}" is not on the page`);
    }
  });
}

test('a figure that is off by a cent, a digit or a sign is found', () => {
  const figure = { name: 'allocations.cost_usd', key: '', value: '55.0904', text: '$55.09' };
  assertShows(figure, '55.0904');
  for (const [wrong, inDatabase] of [
    [{ text: '$55.10' }, '55.0904'],
    [{ text: '-$55.09' }, '55.0904'],
    [{ text: '$5,509' }, '55.0904'],
    [{ text: '–', value: '' }, '55.0904'],
    [{}, '55.0905'],
    [{}, null],
  ] as const) {
    assert.throws(
      () => assertShows({ ...figure, ...wrong }, inDatabase),
      JSON.stringify([wrong, inDatabase]),
    );
  }
});
