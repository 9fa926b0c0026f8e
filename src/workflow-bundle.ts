import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Failure } from './failures.ts';
import { contentVersion } from './stack/code-version.ts';
import { writeWhole } from './stack/files.ts';
import { nodeArguments } from './stack/node.ts';

const mostBytes = 64 * 2 ** 20;
/** Bundles kept: one for each of the branches that somebody goes to and fro between. */
const mostKept = 4;

const checkout = fileURLToPath(new URL('..', import.meta.url));
// All that a bundle is made from: our code, and the packages that are installed, not only those that are asked for.
const sources = ['src', 'tsconfig.json', 'package-lock.json', 'node_modules/.package-lock.json'];
const besidePackages = path.join(checkout, 'node_modules', '.cache', 'sevenfold');

/**
 * The code of the workflows as one script. Bundling takes 4 s of a core, so the result is kept in `folder` under a name
 * that says what it was made from: a worker that was killed is back that much sooner.
 */
export async function bundleWorkflows(folder = besidePackages): Promise<{ code: string }> {
  const version = contentVersion(checkout, sources);
  const kept = path.join(folder, `workflows-${version}.js`);
  try {
    return { code: readFileSync(kept, 'utf8') };
  } catch {
    const code = await bundle();
    // Somebody may have saved a file meanwhile, and nobody knows on which side of it the bundler read.
    if (contentVersion(checkout, sources) === version) keep(kept, code);
    return { code };
  }
}

/** By a process of its own: webpack and the compiler would leave 120 MB in the worker, which lives for weeks. */
async function bundle(): Promise<string> {
  const bundler = fileURLToPath(new URL('./bundle-workflows.ts', import.meta.url));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, nodeArguments(bundler), {
      maxBuffer: mostBytes,
    });
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
    writeWhole(file, code);
    const folder = path.dirname(file);
    const all = readdirSync(folder).map((name) => path.join(folder, name));
    const newestFirst = all.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
    for (const old of newestFirst.slice(mostKept)) rmSync(old, { force: true });
  } catch {
    // the next worker bundles again
  }
}
