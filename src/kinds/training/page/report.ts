import type { Database } from '../../../database/pool.ts';

export async function renderTrainingReport(_database: Database, _runId: string): Promise<string> {
  throw new Error('The page of a training is not written yet.');
}
