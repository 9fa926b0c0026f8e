/** Workflows with a bug that every day meets. */
import type { RunSummary } from '../../../src/activities/runs.ts';
import * as shipped from '../../../src/workflows/index.ts';

export * from '../../../src/workflows/index.ts';

export async function dailyPipeline(raw: unknown): Promise<RunSummary> {
  shipped.dailyPipeline(raw).catch(() => undefined);
  throw new TypeError('phases is not iterable');
}
