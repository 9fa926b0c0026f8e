import { createHash } from 'node:crypto';

/** Hex digits over what a phase reads or a key stands for: the same for the same values in the same order. */
export function digest(value: unknown, digits = 32): string {
  return hexOf(JSON.stringify(value), digits);
}

/** The same for any JSON value, whatever the order of an object's fields. */
export function hash(value: unknown, digits: number): string {
  return hexOf(canonical(value), digits);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}

function hexOf(text: string, digits: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits);
}
