import { readFileSync } from 'node:fs';
import { descendantsOf, isSame, processesMarked } from '../../src/stack/processes.ts';

export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')[0] ?? '';
  } catch {
    return '';
  }
}

/** Processes that work in a state folder and hang on none of these: what a kill must not leave behind. */
export function orphansOf(stateFolder: string, roots: () => (number | null | undefined)[]): string[] {
  // Before those that are known: what is born meanwhile is none, nor is what ends (Spark keeps asking pgrep for its children).
  const marked = processesMarked('SEVENFOLD_STATE', (value) => value === stateFolder);
  const living = roots().filter((pid) => pid != null);
  const known = new Set([...living, ...living.flatMap((pid) => descendantsOf(pid).map((info) => info.pid))]);
  return marked
    .filter((info) => !known.has(info.pid) && isSame(info))
    .map(({ pid }) => `${pid} ${commandOf(pid)}`);
}
