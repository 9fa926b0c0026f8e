import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { readConfig } from '../../../../src/config.ts';
import { openDatabase } from '../../../../src/database/pool.ts';
import { renderCvReport } from '../../../../src/kinds/cross-validation/page/report.ts';
import { locateToolchain } from '../../../../src/stack/toolchain.ts';
import { openBrowser, openPage, smallestText } from '../../../support/browser.ts';
import type { ColorScheme, OpenedPage } from '../../../support/browser.ts';
import { testDatabase } from '../../../support/postgres.ts';
import { seedCv } from './rows.ts';
import type { WantedCv } from './wanted-cv.ts';

let browser: Browser;
let folder: string;

const error = `gbsa, fold 3: sevenfold_a_name_without_any_place_to_break_it${'_'.repeat(160)}`;
const runs: Record<string, WantedCv> = {
  survival: { failed: { 'gbsa/fold 3': { errorType: 'OutOfMemory', error } }, status: 'partial' },
  grid: { task: 'classification', synthetic: true },
};

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sevenfold-page-'));
  for (const [name, wanted] of Object.entries(runs)) {
    const database = openDatabase(await testDatabase(), 'test');
    const { runId } = await seedCv(database, wanted);
    await writeFile(join(folder, `${name}.html`), await renderCvReport(database, runId));
    await database.end();
  }
  browser = await openBrowser(locateToolchain(readConfig().stateFolder).browser);
});

after(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

const open = (name: string, width: number, colorScheme: ColorScheme): Promise<OpenedPage> =>
  openPage(browser, pathToFileURL(join(folder, `${name}.html`)).href, width, colorScheme);

for (const name of Object.keys(runs)) {
  for (const width of [360, 390, 1280]) {
    for (const colorScheme of ['light', 'dark'] as const) {
      test(`${name} at ${width} px, ${colorScheme}: no complaint, no sideways scrolling, text that can be read`, async () => {
        const { page, complaints } = await open(name, width, colorScheme);
        assert.deepEqual(complaints, []);
        assert.ok((await page.locator('h1').boundingBox())!.height > 20);
        const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
        assert.ok(wide <= width, `the page is ${wide} px wide`);
        const smallest = await page.evaluate<number>(smallestText);
        assert.ok(smallest >= 10, `text of ${smallest.toFixed(1)} px`);
        await page.context().close();
      });
    }
  }

  test(`${name}: every drawing says in words what it shows, and ids are unique`, async () => {
    const { page } = await open(name, 1280, 'light');
    const drawings = await page.locator('[role=img]').all();
    assert.ok(drawings.length >= 6);
    for (const drawing of drawings) assert.ok(((await drawing.getAttribute('aria-label')) ?? '').length > 3);
    assert.equal(await page.locator('svg:not([role=img]):not([aria-hidden=true])').count(), 0);
    const ids = await page.evaluate<string[]>('[...document.querySelectorAll("[id]")].map((e) => e.id)');
    assert.deepEqual(
      ids.filter((id, i) => ids.indexOf(id) !== i),
      [],
    );
    await page.context().close();
  });
}

test('tables can be scrolled and details opened by keyboard', async () => {
  const { page } = await open('survival', 390, 'light');
  const regions = await page.getByRole('region').all();
  assert.ok(regions.length >= 5);
  for (const region of regions) {
    assert.equal(await region.getAttribute('tabindex'), '0');
    assert.notEqual((await region.getAttribute('aria-label')) ?? '', '');
  }
  await page.locator('summary').first().focus();
  await page.keyboard.press('Enter');
  await page.locator('details[open] table').first().waitFor({ state: 'visible', timeout: 5_000 });
  await page.context().close();
});

// Relative luminance and contrast as in WCAG 2, of colours that the browser painted.
const contrasts = `[...document.querySelectorAll('.heat td.h')].map((cell) => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const luminance = (colour) => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const { color, backgroundColor } = getComputedStyle(cell);
  const [low, high] = [luminance(color), luminance(backgroundColor)].sort((a, b) => a - b);
  return { contrast: (high + 0.05) / (low + 0.05), background: backgroundColor, outline: getComputedStyle(cell).outlineStyle };
})`;

for (const colorScheme of ['light', 'dark'] as const) {
  test(`every cell of the heat map can be read, ${colorScheme}, and the best is outlined`, async () => {
    const { page } = await open('grid', 1280, colorScheme);
    const cells = await page.evaluate<{ contrast: number; background: string; outline: string }[]>(contrasts);
    assert.equal(cells.length, 9);
    for (const { contrast } of cells) assert.ok(contrast >= 4.5, `contrast ${contrast.toFixed(2)}`);
    assert.ok(new Set(cells.map(({ background }) => background)).size >= 6, 'cells differ by their colour');
    assert.equal(cells.filter(({ outline }) => outline === 'solid').length, 1);
    await page.context().close();
  });
}

test('the sample banner is the first thing to be seen, also on paper', async () => {
  const { page } = await open('grid', 1280, 'light');
  await page.emulateMedia({ media: 'print' });
  const banner = page.getByText('SAMPLE DATA');
  await banner.waitFor({ state: 'visible', timeout: 5_000 });
  assert.ok((await banner.boundingBox())!.y < 60);
  await page.context().close();
});

test('five folds have a shape each in the drawing as in its legend', async () => {
  const { page } = await open('survival', 1280, 'light');
  const signs = await page.evaluate<string[]>(
    `[...document.querySelectorAll('svg.fold')].map((e) => e.innerHTML.trim())`,
  );
  assert.equal(signs.length, 5);
  assert.equal(new Set(signs).size, 5);
  await page.context().close();
});
