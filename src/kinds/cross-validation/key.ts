import { hash } from '../digest.ts';
import { dataName } from '../data-name.ts';
import type { CvInput } from './input.ts';

/** How a run is carried out: the same figures, whatever these say. */
const carriedOut = new Set<keyof CvInput>([
  'mode',
  'jobs',
  'sparkMaster',
  'sparkMemory',
  'pandasBelow',
  'mpBelow',
  'concurrency',
  'engine',
  'budgetUsd',
  'partitions',
]);

/** What the ledger knows a cross-validation by: its data set and all that changes a figure. */
export function cvKey(input: CvInput): string {
  const telling = Object.entries(input)
    .filter(([name, value]) => value !== undefined && !carriedOut.has(name as keyof CvInput))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `cv/${dataName(input.dataset)}/${hash(telling, 8)}`;
}
