// Test files as scripts: esbuild makes all of them in the time that tsx takes for the start of three.
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { keptFolder, makeScripts } from '../setup/programs.mjs';

/** Programs that tests start, some of them dozens of times (test/support/scripts.ts). */
const started = ['test/support/stack-supervisor.ts', 'test/activities/notify-in-a-process.ts'];

/** Builds the files into a folder of this run's own, which the caller removes; gives the folder. */
export async function buildTests(checkout, files) {
  mkdirSync(keptFolder, { recursive: true });
  const folder = mkdtempSync(join(keptFolder, 'tests-'));
  const root = pathToFileURL(checkout).href;
  await makeScripts({
    entryPoints: [...files, ...started],
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

const maps = new Map();

/** The source of a place in a script, for people: what several files share lies in a script of its own. */
export function sourceOf(folder, { file, line, column }) {
  if (!file?.startsWith(folder)) return file;
  if (!maps.has(file)) maps.set(file, new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8'))));
  const { originalSource } = maps.get(file).findEntry(line - 1, column - 1);
  return originalSource === undefined
    ? relative(folder, file).replace(/\.js$/, '.ts')
    : join(dirname(file), originalSource);
}
