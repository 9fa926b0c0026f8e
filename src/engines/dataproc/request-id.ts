import { createHash } from 'node:crypto';

/**
 * The id by which a repeated create is the same create. It is made of the batch id alone, so that it is the same whoever
 * sends the batch after a retry, a take-over or a continue-as-new.
 */
export function requestIdOf(batchId: string): string {
  const hex = createHash('sha256').update(`request of ${batchId}`).digest('hex');
  // The form of a UUID of version 8, whose bits are ours to choose.
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
