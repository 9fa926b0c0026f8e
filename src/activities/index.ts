import { Context } from '@temporalio/activity';
import * as kindActivities from '../kinds/activities.ts';
import * as chunks from './chunks.ts';
import type { Dependencies } from './dependencies.ts';
import { cancelBatches } from './end-batches.ts';
import { withFailureTypes } from './failures.ts';
import { notifyRun } from './notify.ts';
import * as phases from './phases.ts';
import { writeReport } from './report.ts';
import { runBatch } from './run-batch.ts';
import * as runs from './runs.ts';
import { sweepBatches } from './sweep-batches.ts';

/** An activity as it is written; workflows call it without its first argument. */
type Unbound = (deps: Dependencies, input: never) => Promise<unknown>;

/** Activities as workflows know them. */
export type Bound<Group> = {
  [Name in keyof Group]: Group[Name] extends (deps: Dependencies, input: infer Input) => Promise<infer Output>
    ? (input: Input) => Promise<Output>
    : never;
};

const shared = {
  setRunStatus: runs.setRunStatus,
  setBudget: runs.setBudget,
  closeRun: runs.closeRun,
  ...phases,
  ...chunks,
  writeReport,
  notifyRun: (deps: Dependencies, input: { runId: string }) => notifyRun(deps, input),
  runBatch,
  cancelBatches: (deps: Dependencies, input: { runId: string }) =>
    cancelBatches(deps, input, Context.current().info.attempt),
  sweepBatches,
};

/** What workflows call: what all kinds of runs share, and what the shipped kinds have for themselves. */
export type Activities = Bound<typeof shared & typeof kindActivities>;

/** All activities, bound to what they need; `more` are those of kinds that were registered by somebody else. */
export function createActivities<More extends Record<string, Unbound> = Record<never, Unbound>>(
  deps: Dependencies,
  more?: More,
): Activities & Bound<More> {
  const all: Record<string, Unbound> = { ...shared, ...kindActivities, ...more };
  const bound = Object.entries(all).map(([name, activity]) => [
    name,
    (input: never) => activity(deps, input),
  ]);
  return withFailureTypes(Object.fromEntries(bound) as unknown as Activities & Bound<More>);
}
