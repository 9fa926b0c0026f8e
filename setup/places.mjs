import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {object} Places
 * @property {string} checkout
 * @property {string} state   this checkout's databases, logs and toolchain.json
 * @property {string} cache   downloads and built binaries, shared by all checkouts of a user
 */

/** Where everything lives, by the environment's leave. @returns {Places} */
export function findPlaces(env = process.env) {
  const checkout = dirname(dirname(fileURLToPath(import.meta.url)));
  return {
    checkout,
    state: resolve(checkout, env.SEVENFOLD_STATE || '.sevenfold'),
    cache: resolve(env.SEVENFOLD_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'sevenfold')),
  };
}
