import { allKinds, findKind } from '../kinds/index.ts';
import type { Kind } from '../kinds/kind.ts';
import { refusalOf } from '../kinds/start.ts';
import { backfillPriority } from '../planning/priorities.ts';
import { parseSweepInput } from '../planning/sweep-input.ts';

/** What must be known of a workflow to run it by the clock: of a kind of run, or of the sweep. */
export type SchedulableWorkflow = Pick<
  Kind,
  'name' | 'refusal' | 'takesDataset' | 'scheduledKey' | 'isSample' | 'priority'
> & {
  /** It keeps no row in `runs`: Temporal alone knows whether it ran, so no deadline can be watched. */
  outsideLedger?: true;
};

const sweep: SchedulableWorkflow = {
  name: 'sweepBatches',
  refusal: (input) => refusalOf(parseSweepInput(input)),
  takesDataset: false,
  isSample: () => false,
  priority: backfillPriority,
  outsideLedger: true,
};

/** Undefined for a workflow that this code does not know: a schedule may have been applied by other code. */
export function schedulable(workflow: string): SchedulableWorkflow | undefined {
  return workflow === sweep.name ? sweep : findKind(workflow);
}

export function schedulableNames(): string[] {
  return [...allKinds(), sweep].map(({ name }) => name);
}
