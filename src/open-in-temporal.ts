import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import type { Claimant } from './ledger/runs.ts';

/** Every other state is open: a workflow that somebody paused goes on, and so may one in a state that is newer than this. */
const closedStates = new Set<string>(['COMPLETED', 'FAILED', 'CANCELLED', 'TERMINATED', 'TIMED_OUT']);

type Described = Pick<WorkflowExecutionDescription, 'status' | 'runId' | 'raw'>;

/**
 * Whether Temporal still works on a run, by the newest execution under its workflow id: the one definition, for claims,
 * sweeps and commands. What a history went on in, and what a reset began, still has the first run id of the claim.
 */
export function isOpen({ status, runId, raw }: Described, { workflowRunId }: Claimant): boolean {
  const first = raw.workflowExecutionInfo?.firstRunId || runId;
  return !closedStates.has(status.name) && first === workflowRunId;
}

/** The same, asked of Temporal; false for a workflow that it does not know (any more). */
export async function isOpenInTemporal(
  temporal: Pick<Client, 'workflow'>,
  holder: Claimant,
): Promise<boolean> {
  try {
    // Without a run id: the newest execution.
    return isOpen(await temporal.workflow.getHandle(holder.workflowId).describe(), holder);
  } catch (error) {
    if (isTemporalError(error, 'WorkflowNotFoundError')) return false;
    throw error;
  }
}

/**
 * Whether an error is one of Temporal's, by its name: the classes come with the client, whose import takes half a second
 * that `--help` must not pay.
 */
export function isTemporalError(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}
