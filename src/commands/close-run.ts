import type { Config } from '../config.ts';
import { resolveConnections } from '../connections.ts';
import { Failure } from '../failures.ts';
import { readRun } from '../ledger/runs.ts';
import type { Run } from '../ledger/runs.ts';
import type { Session } from './session.ts';

/**
 * Closes a run whose workflow is gone, as the workflow would have: the fences first, then what still runs of its batches,
 * then its row with the statement of what is left. A batch whose engine cannot be asked is left to the sweep: its fence is
 * up, so it cannot commit. Safe to repeat; `Fenced` where another workflow took the run over
 * meanwhile. Works without a worker, from a machine that reaches the engines of its batches.
 */
export async function closeLeftOpen(config: Config, { database }: Session, run: Run): Promise<string> {
  const [{ createEngines }, { cancelBatches, cancelPatience }, { closeRun }, { sparkSocket }] =
    await Promise.all([
      import('../engines/choose.ts'),
      import('../activities/end-batches.ts'),
      import('../activities/runs.ts'),
      resolveConnections(config),
    ]);
  if ((await readRun(database, run.runId)).workflowRunId !== run.workflowRunId) {
    throw new Failure('Fenced', `${run.key} was taken up again meanwhile: npx sevenfold watch ${run.key}`);
  }
  const log = { warn() {}, info() {} };
  const engines = createEngines({ config, sparkSocket, log });
  try {
    await cancelBatches({ database, engines, config, log }, { runId: run.runId }, cancelPatience);
  } finally {
    await engines.close();
  }
  const { runId, workflowId, workflowRunId } = run;
  const closed = await closeRun({ database }, { runId, workflowId, workflowRunId, status: 'cancelled' });
  return closed.statement;
}
