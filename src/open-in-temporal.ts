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

/** The newest execution under the workflow id; undefined for a workflow that Temporal does not know (any more). */
export async function describeNewest(
  temporal: Pick<Client, 'workflow'>,
  { workflowId }: Claimant,
): Promise<WorkflowExecutionDescription | undefined> {
  try {
    return await temporal.workflow.getHandle(workflowId).describe();
  } catch (error) {
    if (isTemporalError(error, 'WorkflowNotFoundError')) return undefined;
    throw error;
  }
}

/** The same as `isOpen`, asked of Temporal; false for a workflow that it does not know (any more). */
export async function isOpenInTemporal(
  temporal: Pick<Client, 'workflow'>,
  holder: Claimant,
): Promise<boolean> {
  const described = await describeNewest(temporal, holder);
  return described !== undefined && isOpen(described, holder);
}

/**
 * Whether an error is one of Temporal's, by its name: the classes come with the client, whose import takes half a second
 * that `--help` must not pay.
 */
export function isTemporalError(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}
