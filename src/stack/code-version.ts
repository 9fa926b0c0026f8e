import path from 'node:path';
import { contentVersion } from '../../setup/programs.mjs';

// What the supervisor, the worker, the keeper and the jobs are made of. Of config/ only what they read once, when they start:
// an edit of a schedule or of a list of pools holds from the next run on, and must not end the batches of this one.
const places = ['src', 'worker.ts', 'spark/sevenfold_jobs', 'config/cost-rates.json', 'package-lock.json'];

/**
 * One value for the code of a checkout, by content: a `git pull` or an edit changes it, a mere `git checkout` there and
 * back does not. Set-up's result counts too, for it says with what the code runs.
 */
export function codeVersion(checkout: string, stateFolder: string): string {
  return contentVersion(checkout, [...places, path.join(stateFolder, 'toolchain.json')]);
}
