import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { readConfig } from '../../../../src/config.ts';
import { openDatabase } from '../../../../src/database/pool.ts';
import { loadDailyReport } from '../../../../src/kinds/daily/page/data.ts';
import { renderDailyReport } from '../../../../src/kinds/daily/page/report.ts';
import { locateToolchain } from '../../../../src/stack/toolchain.ts';
import { openBrowser, openPage, smallestText } from '../../../support/browser.ts';
import type { ColorScheme, OpenedPage } from '../../../support/browser.ts';
import { testDatabase } from '../../../support/postgres.ts';
import { fillRichDay } from './rich-day.ts';

let browser: Browser;
let folder: string;
let url: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sevenfold-page-'));
  const database = openDatabase(await testDatabase(), 'test');
  const { runId } = await fillRichDay(database, { dataset: 'sample', morePools: 40, stale: true });
  await writeFile(join(folder, 'page.html'), renderDailyReport(await loadDailyReport(database, runId)));
  await database.end();
  url = pathToFileURL(join(folder, 'page.html')).href;
  browser = await openBrowser(locateToolchain(readConfig().stateFolder).browser);
});

after(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

const open = (width: number, colorScheme: ColorScheme): Promise<OpenedPage> =>
  openPage(browser, url, width, colorScheme);

// Runs in the page, which TypeScript's settings here know nothing of: therefore text.
const lowestContrast = `(() => {
  const channel = (c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => { const [r, g, b] = numbers(colour).map(channel); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const paperOf = (e) => {
    for (; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if ((numbers(colour)[3] ?? 1) > 0.5) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  let worst = { ratio: 21, text: '' };
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || e.closest('svg')) continue;
    const [a, b] = [light(getComputedStyle(e).color), light(paperOf(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < worst.ratio) worst = { ratio, text: e.textContent };
  }
  return worst;
})()`;

for (const width of [360, 390, 1280]) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`at ${width} px, ${colorScheme}: no complaint, no sideways scrolling, readable`, async () => {
      const { page, complaints } = await open(width, colorScheme);
      assert.deepEqual(complaints, []);
      // A browser without fonts would find every page narrow.
      assert.ok((await page.locator('h1').boundingBox())!.height > 20);
      const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
      assert.ok(wide <= width, `the page is ${wide} px wide`);
      const worst = await page.evaluate<{ ratio: number; text: string }>(lowestContrast);
      assert.ok(worst.ratio >= 4.5, `contrast ${worst.ratio.toFixed(2)} of "${worst.text}"`);
      const [shown, hidden] = width < 768 ? ['narrow', 'wide'] : ['wide', 'narrow'];
      assert.ok((await page.locator(`svg.${shown}`).filter({ visible: true }).count()) >= 5);
      // Text in a drawing that was scaled down could not be read.
      const smallest = await page.evaluate<number>(smallestText);
      assert.ok(smallest >= 10, `text of ${smallest.toFixed(1)} px`);
      assert.equal(await page.locator(`svg.${hidden}`).filter({ visible: true }).count(), 0);
      await page.context().close();
    });
  }
}

test('the sample banner is the first thing to be seen, also on paper', async () => {
  const { page } = await open(1280, 'light');
  await page.emulateMedia({ media: 'print' });
  const banner = page.getByText('SAMPLE DATA');
  await banner.waitFor({ state: 'visible', timeout: 5_000 });
  assert.ok((await banner.boundingBox())!.y < 60);
  // Whatever the width of the paper, the larger drawings, and what is folded on the screen.
  assert.equal(await page.locator('svg.narrow').filter({ visible: true }).count(), 0);
  assert.ok((await page.locator('svg.wide').filter({ visible: true }).count()) >= 5);
  await page.context().close();
});

test('wide tables can be scrolled by keyboard, and every one has a name', async () => {
  const { page } = await open(390, 'light');
  for (const region of await page.getByRole('region').all()) {
    assert.equal(await region.getAttribute('tabindex'), '0');
    assert.notEqual((await region.getAttribute('aria-label')) ?? '', '');
  }
  await page.context().close();
});

test('every drawing says in words what it shows', async () => {
  const { page } = await open(1280, 'light');
  const drawings = await page.locator('svg[role=img]').all();
  assert.ok(drawings.length > 10);
  for (const drawing of drawings) assert.ok(((await drawing.getAttribute('aria-label')) ?? '').length > 3);
  assert.equal(await page.locator('svg:not([role=img]):not([aria-hidden=true])').count(), 0);
  await page.context().close();
});

test('ids are unique, so that no drawing is cut by the frame of another', async () => {
  const { page } = await open(1280, 'light');
  const ids = await page.evaluate<string[]>('[...document.querySelectorAll("[id]")].map((e) => e.id)');
  assert.deepEqual(
    ids.filter((id, i) => ids.indexOf(id) !== i),
    [],
  );
  await page.context().close();
});

test('a day that was kept, for a long reason, still fits a phone', async () => {
  const database = openDatabase(await testDatabase(), 'test');
  const { runId } = await fillRichDay(database, { status: 'infeasible' });
  await database.query(`update allocations set why = repeat('limit', 100), solver = repeat('s', 200)`);
  const file = join(folder, 'kept.html');
  await writeFile(file, renderDailyReport(await loadDailyReport(database, runId)));
  await database.end();
  const page = await browser.newPage({ viewport: { width: 360, height: 800 } });
  await page.goto(pathToFileURL(file).href);
  const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
  assert.ok(wide <= 360, `the page is ${wide} px wide`);
  await page.getByText('kept yesterday').first().waitFor({ state: 'visible', timeout: 5_000 });
  await page.close();
});
