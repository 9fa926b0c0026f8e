import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { withLock } from './lock.mjs';

export function sha256(data) {
  return createHash('sha256').update(data).digest('hex');
}

export function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Puts `target` into the cache folder unless it is there. `make` fills a draft folder and answers with the path in it
 * that becomes the target by a rename, or with undefined when it could not: an interrupted set-up leaves drafts, never
 * half a target.
 * @param {import('./main.mjs').Context} context
 * @param {string} target
 * @param {(draft: string) => Promise<string | undefined>} make
 */
export async function makeOnce(context, target, make) {
  if (existsSync(target)) return;
  const { cache } = context.places;
  await withLock(join(cache, 'setup.lock'), { onWait: context.onWait }, async () => {
    if (existsSync(target)) return;
    for (const name of readdirSync(cache)) {
      // We hold the lock, so this is what an interrupted set-up left.
      if (name.startsWith('draft-')) rmSync(join(cache, name), { recursive: true, force: true });
    }
    const draft = mkdtempSync(join(cache, 'draft-'));
    try {
      const made = await make(draft);
      if (made === undefined) return;
      mkdirSync(dirname(target), { recursive: true });
      renameSync(made, target);
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  });
}

/** Whether a path recorded earlier is still the one to use: what lies in our cache must be of today's version. */
export function isCurrent(places, path, folder) {
  if (path === undefined || !existsSync(path)) return false;
  return !path.startsWith(places.cache + sep) || path.startsWith(folder + sep);
}

/** A word for a shell, whatever is in it. */
export function quote(word) {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
