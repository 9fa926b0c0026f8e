import path from 'node:path';
import { contentVersion } from '../../setup/programs.mjs';

// The code of the supervisor, the worker, the keeper and the jobs. From config/ only what they read once, when they start:
// an edited schedule or pool list takes effect with the next run and must not end the batches of the current one.
const places = ['src', 'worker.ts', 'spark/sevenfold_jobs', 'config/cost-rates.json', 'package-lock.json'];

/**
 * One value for the code of a checkout, by content: a `git pull` or an edit changes it, a mere `git checkout` there and
 * back does not. The result of set-up counts too: it decides what the code runs with.
 */
export function codeVersion(checkout: string, stateFolder: string): string {
  return contentVersion(checkout, [...places, path.join(stateFolder, 'toolchain.json')]);
}
