import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import {
  keepNewest,
  keptFolder,
  programArguments,
  sourcesVersion,
  workflowsFile,
} from '../setup/programs.mjs';
import { Failure } from './failures.ts';
import { writeWhole } from '../setup/whole-file.mjs';

const mostBytes = 64 * 2 ** 20;

/**
 * The code of the workflows as one script. Bundling takes 4 s of a core, so the result is kept in `folder` under a name
 * that says what it was made from: a worker that was killed is back that much sooner.
 */
export async function bundleWorkflows(folder = keptFolder): Promise<{ code: string }> {
  const version = sourcesVersion();
  const kept = workflowsFile(version, folder);
  try {
    return { code: readFileSync(kept, 'utf8') };
  } catch {
    const code = await bundle();
    // Somebody may have saved a file meanwhile, and nobody knows on which side of it the bundler read.
    if (sourcesVersion() === version) keep(kept, code);
    return { code };
  }
}

/** By a process of its own: webpack and the compiler would leave 120 MB in the worker, which lives for weeks. */
async function bundle(): Promise<string> {
  try {
    const bundler = await programArguments('bundle-workflows');
    const { stdout } = await promisify(execFile)(process.execPath, bundler, { maxBuffer: mostBytes });
    return stdout;
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new Failure('Infrastructure', `The workflows cannot be bundled: ${stderr || String(error)}`, {
      cause: error,
    });
  }
}

/** Where nothing may be written, nothing is kept. */
function keep(file: string, code: string): void {
  try {
    writeWhole(file, code, 0o644);
    keepNewest(path.dirname(file), 'workflows-');
  } catch {
    // the next worker bundles again
  }
}
