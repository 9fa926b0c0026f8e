import type { Database } from '../../src/database/pool.ts';
import type { BatchRequest } from '../../src/engines/engine.ts';
import { noteWithinBudget } from '../../src/ledger/batches.ts';
import type { NotedPlan } from '../../src/ledger/batches.ts';
import { claimRun } from '../../src/ledger/runs.ts';
import type { Run } from '../../src/ledger/runs.ts';
import type { Cost } from '../../src/planning/cost.ts';
import { estimateSize } from '../../src/planning/data-size.ts';
import { planResources } from '../../src/planning/executors.ts';

/** An open run of one day; its workflow is nobody's. */
export async function claimedRun(
  database: Database,
  day: string,
  more: { engine?: string; budgetUsd?: number } = {},
): Promise<Run> {
  const key = `daily/sample/${day}`;
  const { engine = 'local', ...input } = more;
  return claimRun(
    database,
    {
      ...{ key, kind: 'dailyPipeline', dataset: 'sample', date: day, priority: 1, engine },
      ...{ workflowId: key, workflowRunId: 'temporal-1' },
      input: { dataset: 'sample', ...input },
    },
    async () => false,
  );
}

export interface BatchToNote {
  batchId: string;
  unit?: string;
  attempt?: number;
  job?: string;
  engine?: string;
  input?: Record<string, unknown>;
  estimate?: Cost;
  fallback?: NotedPlan['fallback'];
  requestId?: string;
}

/** A batch as its activity notes it, just before it is sent. */
export async function notedBatch(
  database: Database,
  run: Run,
  batch: BatchToNote,
): Promise<Awaited<ReturnType<typeof noteWithinBudget>>> {
  const { batchId, unit = 'metrics', attempt = 1, job = 'pool_metrics', engine = 'local' } = batch;
  const size = estimateSize({ objectMb: 4, format: 'csv' });
  const resources = planResources({ size, models: 1, tuning: false, min: 2, max: 100 });
  const request: BatchRequest = {
    ...{ batchId, job, resources, priority: 1, timeoutMs: 60_000, isolated: false },
    input: batch.input ?? {},
    fence: { runId: run.runId, unit, attempt, fingerprint: 'f' },
    labels: { 'run-id': run.runId },
  };
  const estimate = batch.estimate ?? { usd: 0, seconds: 60, coreSeconds: 120, estimator: 'free' };
  const { fallback, requestId } = batch;
  return noteWithinBudget(database, request, engine, run, {
    ...{ size, resources, estimate },
    ...(fallback && { fallback }),
    ...(requestId !== undefined && { requestId }),
  });
}
