import type { Config } from '../config.ts';
import { resolveConnections } from '../connections.ts';
import { Failure } from '../failures.ts';
import { openBatches } from '../ledger/batches.ts';
import { readRun } from '../ledger/runs.ts';
import type { Run } from '../ledger/runs.ts';
import { raiseFences } from '../ledger/units.ts';
import type { Session } from './session.ts';

/**
 * Closes a run whose workflow is gone, as the workflow would have: the fences first, then what still runs of its batches,
 * then its row with the statement of what is left. Safe to repeat; `Fenced` where another workflow took the run over
 * meanwhile. Works without a worker, from a machine that reaches the engines of its batches.
 */
export async function closeLeftOpen(config: Config, { database }: Session, run: Run): Promise<string> {
  const [{ createEngines }, { endBatches }, { closeRun }, { sparkSocket }] = await Promise.all([
    import('../engines/choose.ts'),
    import('../activities/end-batches.ts'),
    import('../activities/runs.ts'),
    resolveConnections(config),
  ]);
  if ((await readRun(database, run.runId)).workflowRunId !== run.workflowRunId) {
    throw new Failure('Fenced', `${run.key} was taken up again meanwhile: npx sevenfold watch ${run.key}`);
  }
  const engines = createEngines({ config, sparkSocket, log: { warn() {}, info() {} } });
  try {
    await raiseFences(database, run.runId);
    await endBatches({ database, engines, config }, await openBatches(database, run.runId));
  } catch (error) {
    throw new Failure(
      'Infrastructure',
      `${run.key} stays open, because a batch of it could not be ended from here: ${(error as Error).message} Where its worker runs: npx sevenfold cancel ${run.key}`,
      { cause: error },
    );
  } finally {
    await engines.close();
  }
  const { runId, workflowId, workflowRunId } = run;
  const closed = await closeRun({ database }, { runId, workflowId, workflowRunId, status: 'cancelled' });
  return closed.statement;
}
