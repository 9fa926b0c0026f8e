/** What pages of any kind show of the batches of a run. */
import type { Database } from '../database/pool.ts';
import { queriesBeside } from './sql.ts';

const readSql = queriesBeside(import.meta.url);
const sql = { costs: readSql('batch-cost'), troubles: readSql('batch-troubles') };

/** A batch that did not succeed. */
export interface BatchTrouble {
  batchId: string;
  unit: string;
  job: string;
  attempt: number;
  state: string;
  errorType: string | null;
  message: string | null;
  at: Date;
}

/** What the batches of one job took, over all starts of a run. */
export interface JobCost {
  job: string;
  batches: number;
  failed: number;
  again: number;
  seconds: number | null;
  cpuSeconds: number | null;
  peakMb: number | null;
  rows: number | null;
  engines: string[];
  /** Seconds in which at least one batch worked. */
  busy: number | null;
  /** Over its batches with an estimate, reported usage or an event log; null where none has one. */
  expectedSeconds: number | null;
  actualSeconds: number | null;
  expectedCoreSeconds: number | null;
  coreSeconds: number | null;
  expectedUsd: number | null;
  usd: number | null;
  executorCpuSeconds: number | null;
  offeredCoreSeconds: number | null;
  executorMb: number | null;
}

/** The newest batches that did not succeed, each with the count of all of them. */
export async function readBatchTroubles(
  database: Database,
  runId: string,
): Promise<(BatchTrouble & { all: number })[]> {
  return (await database.query<BatchTrouble & { all: number }>(sql.troubles, [runId])).rows;
}

export async function readJobCosts(database: Database, runId: string): Promise<JobCost[]> {
  return (await database.query<JobCost>(sql.costs, [runId])).rows;
}
