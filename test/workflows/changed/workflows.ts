/** Workflows as a version would have them that did not heed the runs that are open: a day asks for its budget first. */
import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../../../src/activities/index.ts';
import * as shipped from '../../../src/workflows/index.ts';
import { lightActivityOptions } from '../../../src/workflows/options.ts';

export * from '../../../src/workflows/index.ts';

const { setBudget } = proxyActivities<Activities>(lightActivityOptions);

export async function dailyPipeline(raw: unknown): ReturnType<typeof shipped.dailyPipeline> {
  await setBudget({ runId: 'none', budgetUsd: 1 });
  return shipped.dailyPipeline(raw);
}
