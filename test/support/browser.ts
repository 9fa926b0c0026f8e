import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';

/**
 * A headless Chromium that set-up unpacked from an npm package (`node setup.mjs --tests`), or this machine's Chrome on a
 * platform for which there is none. It runs without a sandbox: open our own pages only. The caller closes it.
 */
export async function openBrowser(executablePath: string | undefined): Promise<Browser> {
  const browser = executablePath === undefined ? { channel: 'chrome' } : { executablePath };
  return chromium.launch({
    ...browser,
    headless: true,
    args: ['--no-sandbox', '--no-zygote', '--disable-gpu'],
  });
}

export type ColorScheme = 'light' | 'dark';

/** A page, and what it said or asked for that a page of ours does not. */
export interface OpenedPage {
  page: Page;
  complaints: string[];
}

/** Opens a page of one file at a width of the window in CSS pixels. */
export async function openPage(
  browser: Browser,
  url: string,
  width: number,
  colorScheme: ColorScheme,
): Promise<OpenedPage> {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => request.url() !== url && complaints.push(`asked for ${request.url()}`));
  await page.goto(url);
  return { page, complaints };
}

/**
 * Script for the page, as text because TypeScript's settings here know nothing of a page: the height of the smallest
 * letters of its charts on the screen, after each drawing was scaled to the width that it has.
 */
export const smallestText = `Math.min(...[...document.querySelectorAll('svg.chart text')]
  .filter((e) => e.getClientRects().length > 0)
  .map((e) => parseFloat(getComputedStyle(e).fontSize) * e.ownerSVGElement.getScreenCTM().a))`;
