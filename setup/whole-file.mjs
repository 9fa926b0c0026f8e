import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Writes a file so that a reader finds the old or the new content whole, after a loss of power too. Here and not in
 * src, because set-up runs before there is anything that understands TypeScript.
 * @param {string} path
 * @param {string | Uint8Array} content
 * @param {number} [mode]  by default nobody but us can read it
 */
export function writeWhole(path, content, mode = 0o600) {
  mkdirSync(dirname(path), { recursive: true });
  const unfinished = `${path}.${process.pid}.new`;
  const descriptor = openSync(unfinished, 'w', mode);
  try {
    writeFileSync(descriptor, content);
    fsyncSync(descriptor);
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
}
