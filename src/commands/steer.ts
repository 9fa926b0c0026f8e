import type { WorkflowHandle } from '@temporalio/client';
import { Failure } from '../failures.ts';
import { isOpenStatus } from '../ledger/runs.ts';
import type { Run } from '../ledger/runs.ts';
import type { CommandContext } from './context.ts';
import { isTemporalError } from './failures.ts';
import { chooseRun, withSession } from './session.ts';
import type { Session } from './session.ts';

/** The workflow of an open run; a run that has ended is refused with what can be done instead. */
export async function openWorkflow(session: Session, run: Run): Promise<WorkflowHandle> {
  if (!isOpenStatus(run.status)) {
    throw new Failure(
      'InvalidInput',
      `${run.key} is not running: it is ${run.status}. See: npx sevenfold why ${run.key}`,
    );
  }
  const client = await session.temporal();
  return client.workflow.getHandle(run.workflowId, undefined, { firstExecutionRunId: run.workflowRunId });
}

/** Sends an update to the run's workflow and prints its answer. */
export async function sendUpdate(
  { config, out }: CommandContext,
  named: string | undefined,
  update: 'pause' | 'resume' | 'retryFailed',
  json: boolean,
): Promise<void> {
  await withSession(config, json ? undefined : out, async (session) => {
    const run = await chooseRun(session.database, named);
    const answer = await askWorkflow(run, async () => {
      const handle = await openWorkflow(session, run);
      return handle.executeUpdate<string, []>(update);
    });
    if (json) out.json({ workflowId: run.workflowId, runId: run.runId, status: 'accepted', answer });
    else out.line(answer);
  });
}

/** A workflow that Temporal no longer knows leaves its row open: whoever starts the key next takes it over. */
export async function askWorkflow<T>(run: Run, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!isTemporalError(error, 'WorkflowNotFoundError')) throw error;
    throw new Failure(
      'InvalidInput',
      `The workflow of ${run.key} has ended without closing its run. Start it again: npx sevenfold retry ${run.key}`,
      { cause: error },
    );
  }
}
