import { createHash } from 'node:crypto';

/** Of what a phase reads: 32 hex digits, the same for the same values in the same order. */
export function digest(parts: unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
