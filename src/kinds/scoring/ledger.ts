import type { Database } from '../../database/pool.ts';
import type { Run } from '../../ledger/runs.ts';

export const scoringKind = 'scoreRows';

/** What a scoring is about; it stands in `runs.request`. */
export interface ScoringRequest {
  modelId: string;
  modelRoot: string;
  files: { source: string; name: string; sha256: string }[];
  outputRoot: string;
  format: 'parquet' | 'csv';
  id: string | null;
}

export function scoringRequestOf(run: Pick<Run, 'key' | 'kind' | 'request'>): ScoringRequest {
  if (run.kind !== scoringKind || run.request === null) throw new Error(`${run.key} is no scoring.`);
  return run.request as unknown as ScoringRequest;
}

export interface Scoring {
  source: string;
  inputSha256: string;
  output: string;
  outputSha256: string;
  rows: number;
  extraColumns: string[];
  unseen: Record<string, number>;
  gaps: Record<string, number>;
  drift: Record<string, number>;
  seconds: number;
}

/** Files that the run has scored by its model, in the order of their names. */
export async function readScorings(database: Database, run: Run): Promise<Scoring[]> {
  const found = await database.query<Scoring>(
    `select source, input_sha256 as "inputSha256", output, output_sha256 as "outputSha256", rows,
            extra_columns as "extraColumns", unseen, gaps, drift, seconds
       from scorings where run_id = $1 and model_id = $2 order by source`,
    [run.runId, scoringRequestOf(run).modelId],
  );
  return found.rows;
}
