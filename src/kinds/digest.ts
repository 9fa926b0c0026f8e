import { createHash } from 'node:crypto';

/** 32 hex digits over what a phase reads: the same for the same values in the same order. */
export function digest(parts: unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
