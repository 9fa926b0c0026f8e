import { hash } from '../digest.ts';
import { dataName } from '../data-name.ts';
import type { TrainingInput } from './input.ts';

/** How a run is carried out: the same model, whatever these say. */
const carriedOut = new Set<keyof TrainingInput>(['concurrency', 'engine', 'budgetUsd', 'partitions']);

/** What the ledger knows a training by: its data set and all that can change the model. */
export function trainingKey(input: TrainingInput): string {
  const telling = Object.entries(input)
    .filter(([name, value]) => value !== undefined && !carriedOut.has(name as keyof TrainingInput))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `train/${dataName(input.dataset)}/${hash(telling, 8)}`;
}
