import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { readConfig } from '../../src/config.ts';
import { locateToolchain } from '../../src/stack/toolchain.ts';

/** Writes a small panel of the `files` format into `folder`; the same bytes each time. */
export function makePanel(folder: string, size: { pools: number; days: number; lastDay: string }): void {
  const { python } = locateToolchain(readConfig().stateFolder);
  const script = fileURLToPath(new URL('../../spark/tests/make_panel.py', import.meta.url));
  execFileSync(python, [script, folder, String(size.pools), String(size.days), size.lastDay]);
}
