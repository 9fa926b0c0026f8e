import { chromium, type Browser } from 'playwright-core';

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
