import { join } from 'node:path';
import { endCommandsWithUs } from './commands.mjs';
import { SetupFailure } from './failure.mjs';
import { readJson } from './files.mjs';
import { withLock } from './lock.mjs';
import { cleanEnvironment } from './environment.mjs';
import { findPlaces, foundPython, recordedPython } from './places.mjs';
import { createProgress } from './progress.mjs';
import { browser } from './steps/browser.mjs';
import { classArchives } from './steps/class-archives.mjs';
import { deltaReader } from './steps/delta-reader.mjs';
import { gcsConnector } from './steps/gcs-connector.mjs';
import { jars } from './steps/jars.mjs';
import { java } from './steps/java.mjs';
import { objectStore } from './steps/object-store.mjs';
import { packages } from './steps/packages.mjs';
import { programs } from './steps/programs.mjs';
import { python, pythonForTests } from './steps/python.mjs';
import { temporal } from './steps/temporal.mjs';
import { testServer } from './steps/test-server.mjs';
import { writeWhole } from './whole-file.mjs';

/**
 * @typedef {object} Context
 * @property {import('./places.mjs').Places} places
 * @property {NodeJS.ProcessEnv} env
 * @property {Record<string, any>} toolchain  what was found so far: toolchain.json
 * @property {string} log                     the file that gets the output of all commands
 * @property {(holder: string) => void} onWait
 *
 * @typedef {object} Step
 * @property {string} title
 * @property {(context: Pick<Context, 'places' | 'env' | 'toolchain'>) => boolean} isThere  by files alone: it runs each time
 * @property {(context: Pick<Context, 'places' | 'env' | 'toolchain'>) => string} detail    where it is, once it is there
 * @property {(context: Context, note: (text: string) => void) => Promise<void>} install    may run again at any time
 */

/** In this order: each may use what the ones before it found. @type {Step[]} */
const steps = [packages, programs, python, java, jars, temporal];
/** @type {Step[]} */
const testSteps = [
  pythonForTests,
  testServer,
  gcsConnector,
  deltaReader,
  objectStore,
  browser,
  classArchives,
];

const toolchainFile = (places) => join(places.state, 'toolchain.json');

function look(given) {
  const env = cleanEnvironment(given);
  const places = findPlaces(env);
  const toolchain = readJson(toolchainFile(places)) ?? {};
  return { places, env, toolchain: { ...toolchain, python: foundPython(toolchain.python, places.checkout) } };
}

function record(toolchain, places) {
  const found = { ...toolchain, python: recordedPython(toolchain.python, places.checkout) };
  writeWhole(toolchainFile(places), `${JSON.stringify(found, null, 2)}\n`);
}

/** What is there and what is missing; installs nothing. Also asked by `sevenfold doctor`. */
export function inspect({ tests = false, env = process.env } = {}) {
  const seen = look(env);
  return [...steps, ...(tests ? testSteps : [])].map((step) => {
    const there = step.isThere(seen);
    return { name: step.title, there, detail: there ? step.detail(seen) : 'missing: run npm start' };
  });
}

/** Gets all that is missing. Takes milliseconds when nothing is. */
export async function setUp({ tests = false, only, env: given = process.env } = {}) {
  const wanted = only ?? (tests ? [...steps, ...testSteps] : steps);
  const first = look(given);
  if (wanted.every((step) => step.isThere(first))) return;

  endCommandsWithUs();
  const { places, env } = first;
  const progress = createProgress();
  process.stderr.write(`sevenfold set-up in ${places.checkout}, downloads kept in ${places.cache}\n`);
  const lock = join(places.state, 'setup.lock');
  const onWait = (holder) => process.stderr.write(`  waiting for another set-up here (${holder})\n`);
  await withLock(lock, { onWait }, async () => {
    const { toolchain } = look(env); // as the one before us left it
    for (const step of wanted) {
      if (step.isThere({ places, env, toolchain })) continue;
      await progress(step.title, async (note) => {
        const log = join(places.state, 'logs', 'setup.log');
        const waiting = (holder) => note(`waiting for another checkout's set-up (${holder})`);
        await step.install({ places, env, toolchain, log, onWait: waiting }, note);
        record(toolchain, places);
      });
    }
  });
}

/** For what can go wrong wherever a file is written. */
const remedies = {
  EACCES:
    'Make it writable, or put the folders elsewhere with SEVENFOLD_STATE and SEVENFOLD_CACHE, then run this again.',
  EROFS: 'Put the folders elsewhere with SEVENFOLD_STATE and SEVENFOLD_CACHE, then run this again.',
  ENOSPC: 'Make room on the disk, then run this again.',
};

export async function main(args) {
  const unknown = args.find((argument) => !['--tests', '--programs', '--check', '--help'].includes(argument));
  if (unknown !== undefined || args.includes('--help')) {
    const text =
      'node setup.mjs [--tests] [--programs] [--check]: gets what is missing; --tests also what tests need, --programs only bundles our own code, --check only looks.';
    console.error(unknown === undefined ? text : `Unknown option ${unknown}. ${text}`);
    process.exitCode = unknown === undefined ? 0 : 2;
    return;
  }
  const tests = args.includes('--tests');
  try {
    if (args.includes('--check')) {
      const seen = inspect({ tests });
      for (const { name, there, detail } of seen)
        console.log(`${there ? 'ok     ' : 'missing'}  ${name}: ${detail}`);
      if (!seen.every((item) => item.there)) process.exitCode = 1;
    } else {
      await setUp({ tests, ...(args.includes('--programs') ? { only: [programs] } : {}) });
    }
  } catch (error) {
    const remedy = remedies[error.code];
    if (!(error instanceof SetupFailure) && remedy === undefined) throw error;
    console.error(`set-up: ${error.message}${remedy === undefined ? '' : `. ${remedy}`}`);
    process.exitCode = 1;
  }
}
