import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve, sep } from 'node:path';
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
    state: realFolder(resolve(checkout, env.SEVENFOLD_STATE || '.sevenfold')),
    cache: resolve(env.SEVENFOLD_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'sevenfold')),
  };
}

/**
 * A folder by its one real path, whether it exists yet or not: what the kernel says of a process's working folder never
 * goes through a symbolic link, and two names of one folder must not become two stacks.
 */
export function realFolder(folder) {
  const absolute = resolve(folder);
  try {
    return realpathSync(absolute);
  } catch {
    const parent = dirname(absolute);
    return parent === absolute ? absolute : join(realFolder(parent), basename(absolute));
  }
}

/** The interpreter of a checkout's own environment. */
export const interpreterOf = (checkout) => join(checkout, '.venv', 'bin', 'python');

/** What toolchain.json says of the interpreter, so that it holds for a checkout that was moved or copied. */
export function recordedPython(python, checkout) {
  return python?.startsWith(checkout + sep) ? `.${python.slice(checkout.length)}` : python;
}

/** The interpreter that toolchain.json means. One of another checkout's environment is never ours: it may go, or change. */
export function foundPython(recorded, checkout) {
  if (typeof recorded !== 'string') return undefined;
  if (recorded.startsWith('./')) return join(checkout, recorded);
  const isOfSomeCheckout = recorded.endsWith(join(sep, '.venv', 'bin', 'python'));
  return isOfSomeCheckout ? interpreterOf(checkout) : recorded;
}
