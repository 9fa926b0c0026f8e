import path from 'node:path';
import { realFolder } from '../../setup/places.mjs';
import { readJson } from './files.ts';
import { shortHash } from './places.ts';
import type { ProcessIdentity } from './processes.ts';
import type { PartStatus } from './watch.ts';

/** `<state>/stack.json`: where everything is, and how it is. Written by the supervisor, read by everybody. */
export interface Stack {
  /** The real path of the state folder that this is the stack of. */
  stateFolder: string;
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

/**
 * The stack as its supervisor last described it; undefined before the first start. What a copied or moved folder brought
 * along describes the stack that it came from, whose addresses and processes are not to be touched from here.
 */
export function readStack(stateFolder: string): Stack | undefined {
  const stack = readJson<Stack>(stackFile(stateFolder));
  return stack !== undefined && isOf(stack, realFolder(stateFolder)) ? stack : undefined;
}

/** Older versions did not write the folder; but their sockets lay in one that is named after it. */
function isOf(stack: Stack, stateFolder: string): boolean {
  const written = stack.stateFolder as string | undefined;
  if (written !== undefined) return written === stateFolder;
  return path.basename(path.dirname(stack.sparkSocket)).endsWith(`-${shortHash(stateFolder)}`);
}
