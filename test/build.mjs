// Test files as scripts: esbuild makes all of them in the time that tsx takes for the start of three.
import { mkdirSync, mkdtempSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { keptFolder, makeScripts } from '../setup/programs.mjs';

/** Builds the files into a folder of this run's own, which the caller removes; gives the folder. */
export async function buildTests(checkout, files) {
  mkdirSync(keptFolder, { recursive: true });
  const folder = mkdtempSync(join(keptFolder, 'tests-'));
  const root = pathToFileURL(checkout).href;
  await makeScripts({
    entryPoints: files,
    outdir: folder,
    outbase: checkout,
    splitting: true,
    packages: 'external',
    root: JSON.stringify(`${root}/`),
    traces: `${root}/setup/traces.mjs`,
  });
  return folder;
}

export const scriptOf = (folder, file) => join(folder, file.replace(/\.ts$/, '.js'));

/** The source of a script, for people; any other file as it is. */
export function sourceOf(folder, script) {
  return script.startsWith(folder) ? relative(folder, script).replace(/\.js$/, '.ts') : script;
}
