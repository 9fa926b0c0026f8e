import path from 'node:path';
import { readJson } from './files.ts';
import type { ProcessIdentity } from './processes.ts';
import type { PartStatus } from './watch.ts';

/** `<state>/stack.json`: where everything is, and how it is. Written by the supervisor, read by everybody. */
export interface Stack {
  databaseUrl: string;
  temporalAddress: string;
  temporalNamespace: string;
  taskQueue: string;
  temporalUi: string;
  /** The console's address; there is none yet. */
  console: string | null;
  sparkSocket: string;
  parts: PartStatus[];
  /** Null when the stack was taken down; the addresses stay what they were. */
  supervisor: ProcessIdentity | null;
  codeVersion: string;
}

export function stackFile(stateFolder: string): string {
  return path.join(stateFolder, 'stack.json');
}

/** The stack as its supervisor last described it; undefined before the first start. */
export function readStack(stateFolder: string): Stack | undefined {
  return readJson<Stack>(stackFile(stateFolder));
}
