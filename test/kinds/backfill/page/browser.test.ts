import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { readConfig } from '../../../../src/config.ts';
import { openDatabase } from '../../../../src/database/pool.ts';
import { renderBackfillReport } from '../../../../src/kinds/backfill/page/report.ts';
import { locateToolchain } from '../../../../src/stack/toolchain.ts';
import { openBrowser, openPage, smallestText } from '../../../support/browser.ts';
import type { ColorScheme, OpenedPage } from '../../../support/browser.ts';
import { seedForecasts, spoilDates } from '../../../support/forecasts.ts';
import { testDatabase } from '../../../support/postgres.ts';

let browser: Browser;
let folder: string;
let url: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sevenfold-page-'));
  const database = openDatabase(await testDatabase(), 'test');
  const { runId } = await seedForecasts(database, { dates: 400, synthetic: true, chunk: 90 });
  const reason = `sevenfold_a_name_without_any_place_to_break_it${'_'.repeat(120)}`;
  await spoilDates(database, runId, 'naive', '2019-06-03', '2019-06-28', { verdict: 'skipped', reason });
  await spoilDates(database, runId, 'random_walk', '2019-08-01', '2019-09-20', {
    verdict: 'partial',
    found: 7,
  });
  await spoilDates(database, runId, 'sarimax', '2019-11-01', '2019-12-20', { verdict: 'missing' });
  await spoilDates(database, runId, 'sarimax', '2020-01-07', '2020-01-07', { verdict: 'missing' });
  await spoilDates(database, runId, 'xgboost', '2020-03-02', '2020-04-10', { verdict: 'failed', reason });
  await spoilDates(database, runId, 'xgboost', '2020-04-21', '2020-04-21', {
    verdict: 'quarantined',
    reason,
  });
  await database.query(
    `update batches set state = 'FAILED', error_type = 'Infrastructure', state_message = repeat('x', 900) where unit = 'chunk 3'`,
  );
  await writeFile(join(folder, 'page.html'), await renderBackfillReport(database, runId));
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

// What an eye can find: its size, and whether its look differs from that of the plain complete ones.
const cells = `[...document.querySelectorAll('.cell')].map((e) => {
  const { width, height } = e.getBoundingClientRect();
  const { backgroundImage, backgroundColor, outlineStyle } = getComputedStyle(e);
  return { verdict: e.classList[1], width, height, look: [backgroundImage, backgroundColor, outlineStyle].join() };
})`;

interface Cell {
  verdict: string;
  width: number;
  height: number;
  look: string;
}

for (const width of [360, 390, 1280]) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`at ${width} px, ${colorScheme}: no complaint, no sideways scrolling, every verdict to be seen`, async () => {
      const { page, complaints } = await open(width, colorScheme);
      assert.deepEqual(complaints, []);
      assert.ok((await page.locator('h1').boundingBox())!.height > 20);
      const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
      assert.ok(wide <= width, `the page is ${wide} px wide`);
      const smallest = await page.evaluate<number>(smallestText);
      assert.ok(smallest >= 10, `text of ${smallest.toFixed(1)} px`);
      const seen = await page.evaluate<Cell[]>(cells);
      const looks = new Map(seen.map(({ verdict, look }) => [verdict, look]));
      assert.deepEqual([...looks.keys()].sort(), [
        'complete',
        'failed',
        'missing',
        'partial',
        'quarantined',
        'skipped',
      ]);
      assert.equal(new Set(looks.values()).size, looks.size, 'two verdicts look the same');
      for (const { verdict, width: across, height } of seen) {
        if (verdict !== 'complete')
          assert.ok(across >= 4 && height >= 8, `${verdict}: ${across} × ${height}`);
      }
      await page.context().close();
    });
  }
}

test('without colours, verdicts still differ by pattern or outline', async () => {
  const { page } = await open(1280, 'light');
  const plain = (await page.evaluate<Cell[]>(cells)).map(({ verdict, look }) => [
    verdict,
    // Where two differ in colour alone, one is the lightest and the other the darkest of the page.
    look.replaceAll(/(?:rgba?|color)\([^)]*\)/g, (colour) =>
      /\b1[0-9]{2}, \d{2}, \d{2}\b/.test(colour) ? 'dark' : 'light',
    ),
  ]);
  const looks = new Map(plain as [string, string][]);
  assert.equal(new Set(looks.values()).size, looks.size, JSON.stringify([...looks]));
  await page.context().close();
});

test('the sample banner is the first thing to be seen, also on paper, where patterns are printed', async () => {
  const { page } = await open(1280, 'light');
  await page.emulateMedia({ media: 'print' });
  const banner = page.getByText('SAMPLE DATA');
  await banner.waitFor({ state: 'visible', timeout: 5_000 });
  assert.ok((await banner.boundingBox())!.y < 60);
  const adjusted = await page.evaluate<string[]>(
    `[...document.querySelectorAll('.cell, .bar')].map((e) => getComputedStyle(e).printColorAdjust)`,
  );
  assert.ok(adjusted.length > 20 && adjusted.every((value) => value === 'exact'));
  await page.context().close();
});

test('tables can be scrolled and details opened by keyboard', async () => {
  const { page } = await open(390, 'light');
  const regions = await page.getByRole('region').all();
  assert.ok(regions.length >= 6);
  for (const region of regions) {
    assert.equal(await region.getAttribute('tabindex'), '0');
    assert.notEqual((await region.getAttribute('aria-label')) ?? '', '');
  }
  const summary = page.locator('summary').first();
  await summary.focus();
  await page.keyboard.press('Enter');
  await page.locator('details[open] table').first().waitFor({ state: 'visible', timeout: 5_000 });
  await page.context().close();
});

test('every drawing says in words what it shows, and ids are unique', async () => {
  const { page } = await open(1280, 'light');
  const drawings = await page.locator('[role=img]').all();
  assert.ok(drawings.length > 30);
  for (const drawing of drawings) assert.ok(((await drawing.getAttribute('aria-label')) ?? '').length > 3);
  assert.equal(await page.locator('svg:not([role=img]):not([aria-hidden=true])').count(), 0);
  const ids = await page.evaluate<string[]>('[...document.querySelectorAll("[id]")].map((e) => e.id)');
  assert.deepEqual(
    ids.filter((id, i) => ids.indexOf(id) !== i),
    [],
  );
  await page.context().close();
});

test('a piece tells its range, count and reason to the pointer', async () => {
  const { page } = await open(1280, 'light');
  const piece = page.locator('.cell.quarantined');
  await piece.hover();
  assert.match(
    (await piece.getAttribute('title'))!,
    /^2020-04-21: 1 date, quarantined, 0 of 50 rows\. sevenfold_/,
  );
  await page.context().close();
});
