import { modes } from '../engines/names.ts';
import type { Mode } from '../engines/names.ts';
import { accept, oneOf, refuse, wholeNumber } from './input.ts';
import type { Guard, Guards } from './input.ts';

/** What every run can say of its batches: not what they compute, so it is no part of any key. */
export interface PlacementInput {
  /** Instead of what the worker's environment chooses. */
  engine?: Mode;
  /** US dollars; the run pauses before its batches would cost more. */
  budgetUsd?: number;
  /** Into how many tasks a batch is cut where its work allows; left out, by the cores that its batch is given. */
  partitions?: number;
}

const mostPartitions = 10_000;

const dollars: Guard<number> = (value) =>
  typeof value === 'number' && Number.isFinite(value) && value > 0 && value <= 1e6
    ? accept(value)
    : refuse(value, 'US dollars above 0, at most 1000000');

export const placementGuards: Guards<PlacementInput> = {
  engine: oneOf(...modes),
  budgetUsd: dollars,
  partitions: wholeNumber(1, mostPartitions),
};
