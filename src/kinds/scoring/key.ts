import { hash } from '../digest.ts';
import { dataName } from '../data-name.ts';
import type { ScoringInput } from './input.ts';

/** The same for the same model on the same place: started again, it scores what has come since. */
export function scoringKey({ model, dataset, output, format, id }: ScoringInput): string {
  const place = hash([dataset, output ?? null, format ?? null, id ?? null], 8);
  return `score/${model.slice(0, 16)}/${dataName(dataset)}/${place}`;
}
